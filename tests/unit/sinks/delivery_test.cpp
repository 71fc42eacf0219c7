// The delivery's id and document.
#include "seedhook/sinks/sink.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

using namespace seedhook;

namespace {

delivery sample() {
    delivery d;
    d.id = "dlv_1";
    d.sink = "archive";
    d.of.source = "main";
    d.of.request_id = "req_1234567890";
    d.of.status = task_status::succeeded;
    d.of.settled_by = "callback";
    d.of.model = "seedance-2.0";
    d.of.video_url = "https://videos.example/v.mp4?a=1&b=\"2\"";
    d.of.video.emplace();
    d.of.video->size = 1;
    d.of.video->sha256 = "ab";
    d.of.video->content_type = "video/mp4";
    d.of.settled_at = time_point(std::chrono::milliseconds(1795345200000));
    return d;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_document_is_as_specified) {
    BOOST_TEST(delivery_document(sample(), "/srv/v.mp4") ==
               R"({"deliveryId":"dlv_1","sink":"archive","attempt":1,"source":"main","requestId":"req_1234567890",)"
               R"("status":"succeeded","settledBy":"callback","model":"seedance-2.0","metadata":{},)"
               R"("video":{"path":"/srv/v.mp4","size":1,"sha256":"ab","contentType":"video/mp4",)"
               R"("url":"https://videos.example/v.mp4?a=1&b=\"2\""},"error":null,)"
               R"("settledAt":"2026-11-22T11:00:00.000Z"})"
               "\n");
    BOOST_TEST(delivery_document(sample(), std::nullopt).find("\"path\":null") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failed_task_has_an_error_and_no_video) {
    delivery d = sample();
    d.of.status = task_status::failed;
    d.of.failure = task_failure{"nsfw", "a \"bad\"\nprompt"};
    const auto document = boost::json::parse(delivery_document(d, "/srv/v.mp4"));
    BOOST_TEST(document.at("video").is_null());
    BOOST_TEST(document.at("error").at("code").as_string() == "nsfw");
    BOOST_TEST(document.at("error").at("message").as_string() == "a \"bad\"\nprompt");
}

BOOST_AUTO_TEST_CASE(what_is_unknown_is_null) {
    delivery d = sample();
    d.of.model.clear();
    d.of.settled_by.clear();
    d.of.settled_at.reset();
    d.of.video.reset();
    const auto document = boost::json::parse(delivery_document(d, std::nullopt));
    for (const char* key : {"model", "settledBy", "settledAt", "video", "error"}) {
        BOOST_TEST(document.at(key).is_null());
    }
}

BOOST_AUTO_TEST_CASE(metadata_keeps_its_own_bytes_on_one_line) {
    delivery d = sample();
    d.of.metadata = "{\n\t\"n\": 123456789012345678901234567890,\r\n \"s\": \"a\\nb\"}";
    const std::string document = delivery_document(d, std::nullopt);
    BOOST_TEST(document.find("123456789012345678901234567890") != std::string::npos);
    BOOST_TEST(document.find('\n') == document.size() - 1);
    BOOST_TEST(boost::json::parse(document).at("metadata").at("s").as_string() == "a\nb");
}

BOOST_AUTO_TEST_CASE(metadata_that_is_no_object_cannot_break_the_document) {
    for (const char* broken : {"", "{", "[1]", "null", "{}},\"sink\":\"other\",{\"a\":{}", "{\"a\":\"\xff\"}"}) {
        delivery d = sample();
        d.of.metadata = broken;
        const auto document = boost::json::parse(delivery_document(d, std::nullopt));
        BOOST_TEST(document.at("metadata").as_object().empty());
        BOOST_TEST(document.at("sink").as_string() == "archive");
    }
}

BOOST_AUTO_TEST_CASE(the_id_follows_from_task_and_sink_alone) {
    const std::string id = delivery_id("main", "req_1", "library");
    BOOST_TEST(id == delivery_id("main", "req_1", "library"));
    BOOST_TEST(id.size() == 36U);
    BOOST_TEST(id.starts_with("dlv_"));
    BOOST_TEST((id.find_first_not_of("0123456789abcdef", 4) == std::string::npos));
    const std::set<std::string> ids{id,
                                    delivery_id("main", "req_1l", "ibrary"),
                                    delivery_id("mainreq_1", "", "library"),
                                    delivery_id("ma", "inreq_1", "library"),
                                    delivery_id("main", "req_1", "other"),
                                    delivery_id("main", "req_2", "library"),
                                    delivery_id("Main", "req_1", "library")};
    BOOST_TEST(ids.size() == 7U);
}
