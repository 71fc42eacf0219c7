// Where a bucket is, and what its service's answers mean.
#include "sinks/s3/answer.hpp"
#include "sinks/s3/place.hpp"

#include <boost/test/unit_test.hpp>

namespace seedhook::s3 {
namespace {

bucket_place place_of(std::string endpoint, std::string bucket = "videos",
                      config::s3_sink::addressing_kind how = config::s3_sink::addressing_kind::automatic) {
    config::s3_sink settings;
    settings.endpoint = std::move(endpoint);
    settings.region = "eu-west-1";
    settings.bucket = std::move(bucket);
    settings.addressing = how;
    return bucket_place::of(settings).value();
}

http::client_response answer(unsigned status, std::string body = {}, http::field_list fields = {}) {
    http::client_response out;
    out.status = status;
    out.body = std::move(body);
    out.fields = std::move(fields);
    return out;
}

std::string error_document(const std::string& code, const std::string& more = {}) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>Some words</Message>" +
           more + "</Error>";
}

failure failed(unsigned status, const std::string& code) {
    return failure_in(answer(status, error_document(code)), time_point()).value();
}

template <class Outcome>
bool comes_to(unsigned status, const std::string& code) {
    return std::holds_alternative<Outcome>(outcome_of(failed(status, code), "PutObject", "videos"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(s3_answers)

BOOST_AUTO_TEST_CASE(a_bucket_stands_in_the_host_for_aws_and_in_the_path_for_others) {
    BOOST_TEST(place_of("").url_of("a b/c.mp4") == "https://videos.s3.eu-west-1.amazonaws.com/a%20b/c.mp4");
    BOOST_TEST(place_of("", "my.videos").url_of("k") == "https://s3.eu-west-1.amazonaws.com/my.videos/k");
    BOOST_TEST(place_of("https://minio.example:9000/").url_of("k", "uploads=") ==
               "https://minio.example:9000/videos/k?uploads=");
    BOOST_TEST(place_of("https://x.example/storage/v1/s3").url_of("k") == "https://x.example/storage/v1/s3/videos/k");
    BOOST_TEST(place_of("http://127.0.0.1:9000").url_of("", "prefix=a") == "http://127.0.0.1:9000/videos?prefix=a");
    using kind = config::s3_sink::addressing_kind;
    BOOST_TEST(place_of("https://r2.example", "videos", kind::virtual_host).url_of("k") == "https://videos.r2.example/k");
    BOOST_TEST(place_of("", "videos", kind::path).url_of("") == "https://s3.eu-west-1.amazonaws.com/videos");
}

BOOST_AUTO_TEST_CASE(a_bucket_cannot_stand_before_an_address) {
    config::s3_sink settings;
    settings.endpoint = "http://127.0.0.1:9000";
    settings.bucket = "videos";
    settings.addressing = config::s3_sink::addressing_kind::virtual_host;
    BOOST_CHECK(bucket_place::of(settings).error().code == errc::invalid);
}

BOOST_AUTO_TEST_CASE(the_service_says_in_which_region_the_bucket_is) {
    const auto aws = place_of("");
    const auto by_field = moved(aws, answer(301, "", {{"x-amz-bucket-region", "us-west-2"}}), "", "");
    BOOST_TEST(by_field.value().url_of("k") == "https://videos.s3.us-west-2.amazonaws.com/k");
    BOOST_TEST(by_field->region == "us-west-2");
    const auto by_document = moved(aws, answer(400), "us-west-2", "");
    BOOST_TEST((by_document == by_field));
    BOOST_TEST(!moved(aws, answer(301, "", {{"x-amz-bucket-region", "eu-west-1"}}), "", ""));
    const auto own = moved(place_of("https://minio.example"), answer(400), "garage", "");
    BOOST_TEST(own.value().region == "garage");
    BOOST_TEST(own->url_of("k") == "https://minio.example/videos/k");
}

BOOST_AUTO_TEST_CASE(a_redirect_leads_to_another_endpoint_but_never_out_of_tls) {
    const auto own = place_of("https://s3.example");
    const auto there = moved(own, answer(307, "", {{"Location", "https://videos.west.example/k?x"}}), "", "");
    BOOST_TEST(there.value().url_of("k") == "https://videos.west.example/k");
    BOOST_TEST(there->in_host);
    BOOST_TEST(moved(own, answer(301), "", "west.example").value().url_of("k") == "https://west.example/videos/k");
    BOOST_TEST(!moved(own, answer(307, "", {{"Location", "http://west.example/videos/k"}}), "", ""));
    BOOST_TEST(!moved(own, answer(307, "", {{"Location", "nonsense"}}), "", ""));
}

BOOST_AUTO_TEST_CASE(an_error_document_is_read_whatever_its_namespace_and_shown_on_one_line) {
    const auto why = failure_in(answer(403, "<x:Error xmlns:x='u'><x:Code>AccessDenied</x:Code><x:Message>a\nb\x1b[1m</x:Message>"
                                            "<x:Region>r</x:Region></x:Error>"), time_point()).value();
    BOOST_TEST(why.code == "AccessDenied");
    BOOST_TEST(why.message == "a b [1m");
    BOOST_TEST(why.region == "r");
}

BOOST_AUTO_TEST_CASE(an_error_under_a_200_is_a_failure) {
    BOOST_TEST(failure_in(answer(200, "  \n\n" + error_document("InternalError")), time_point()).has_value());
    BOOST_TEST(comes_to<again>(200, "InternalError"));
    BOOST_TEST(!failure_in(answer(200, "<R><ETag>Error</ETag></R>"), time_point()));
    BOOST_TEST(!failure_in(answer(200), time_point()));
    BOOST_TEST(!failure_in(answer(204), time_point()));
}

BOOST_AUTO_TEST_CASE(garbage_in_an_answer_does_no_harm) {
    for (const std::string& body : {std::string("<Error"), std::string("<!DOCTYPE x [<!ENTITY a 'b'>]><Error>&a;</Error>"),
                                    std::string(100000, '<'), std::string("\0\0Error", 7), std::string("<Error/>")}) {
        const auto why = failure_in(answer(500, body), time_point());
        BOOST_REQUIRE(why);
        BOOST_TEST(why->code == "HTTP 500");
    }
    BOOST_TEST(element("<a><b>", "b") == "");
    BOOST_TEST(!uploads_to("k", "<<<"));
    BOOST_TEST(!uploads_to("k", "<Other/>"));
}

BOOST_AUTO_TEST_CASE(load_and_races_pass_permissions_are_mended_and_what_is_too_large_stays_so) {
    for (const auto& [status, code] : std::vector<std::pair<unsigned, std::string>>{
             {503, "SlowDown"}, {500, "InternalError"}, {400, "RequestTimeout"}, {409, "OperationAborted"},
             {409, "ConditionalRequestConflict"}, {404, "NoSuchUpload"}, {429, "TooManyRequests"}, {400, "BadDigest"}}) {
        BOOST_TEST(comes_to<again>(status, code), code);
    }
    for (const auto& [status, code] : std::vector<std::pair<unsigned, std::string>>{
             {403, "AccessDenied"}, {404, "NoSuchBucket"}, {403, "SignatureDoesNotMatch"}, {403, "InvalidAccessKeyId"},
             {400, "InvalidStorageClass"}, {507, "InsufficientStorage"}, {501, "NotImplemented"}, {400, "Whatever"}}) {
        BOOST_TEST(comes_to<blocked>(status, code), code);
    }
    BOOST_TEST(comes_to<rejected>(400, "EntityTooLarge"));
    BOOST_TEST(comes_to<rejected>(400, "KeyTooLongError"));
}

BOOST_AUTO_TEST_CASE(a_person_is_told_which_bucket_what_and_on_which_request) {
    const outcome o = outcome_of(failed(403, "AccessDenied"), "PutObject", "videos");
    BOOST_TEST(std::get<blocked>(o).why == "bucket `videos`: AccessDenied on PutObject: Some words");
}

BOOST_AUTO_TEST_CASE(a_service_says_itself_when_to_come_back) {
    const auto why = failure_in(answer(503, error_document("SlowDown"), {{"Retry-After", "7"}}), time_point()).value();
    BOOST_CHECK(std::get<again>(outcome_of(why, "PutObject", "v")).after == duration(7000));
}

BOOST_AUTO_TEST_CASE(only_uploads_to_exactly_that_key_are_found) {
    const std::string list = "<ListMultipartUploadsResult xmlns='u'><Upload><Key>a.mp4</Key><UploadId>1</UploadId></Upload>"
                             "<Upload><UploadId>2</UploadId><Key>a.mp4.json</Key></Upload>"
                             "<Upload><UploadId>3</UploadId><Key>a.mp4</Key></Upload></ListMultipartUploadsResult>";
    const std::vector<std::string> expected{"1", "3"};
    const auto found = uploads_to("a.mp4", list).value();
    BOOST_TEST(found.ids == expected, boost::test_tools::per_element());
    BOOST_TEST(!found.more);
    const std::string page = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>";
    BOOST_TEST(uploads_to("a.mp4", page).value().more);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::s3
