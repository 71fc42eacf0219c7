// How answers are read and what they mean.
#include "fetch/judge.hpp"

#include "seedhook/http/date.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace seedhook;

namespace {

const time_point noon = *http::parse_http_date("Sun, 06 Nov 1994 12:00:00 GMT");

http::client_response head(unsigned status, http::field_list fields = {}) {
    http::client_response h;
    h.status = status;
    h.fields = std::move(fields);
    return h;
}

expectation whole_file() {
    expectation e;
    e.max_bytes = 1000;
    return e;
}

expectation rest_from(std::uint64_t from) {
    expectation e = whole_file();
    e.from = from;
    e.total = 500;
    e.validator = "\"v1\"";
    return e;
}

const verdict* stopped(const std::variant<acceptance, verdict>& judged) { return std::get_if<verdict>(&judged); }

template <class Outcome>
bool stops_with(const std::variant<acceptance, verdict>& judged, part_fate fate, bool start_over = false) {
    const verdict* v = stopped(judged);
    return v != nullptr && std::holds_alternative<Outcome>(v->came_to) && v->part == fate &&
           v->start_over == start_over;
}

std::optional<acceptance> accepted(const std::variant<acceptance, verdict>& judged) {
    const auto* a = std::get_if<acceptance>(&judged);
    return a != nullptr ? std::optional(*a) : std::nullopt;
}

http::client_response range(std::string value, http::field_list more = {}) {
    more.emplace_back("Content-Range", std::move(value));
    return head(206, std::move(more));
}

} // namespace

BOOST_AUTO_TEST_CASE(statuses_that_pass_are_tried_again_and_keep_the_part) {
    for (const unsigned status : {408U, 425U, 429U, 500U, 502U, 503U, 504U, 599U, 403U, 404U, 410U, 301U, 304U, 204U}) {
        BOOST_TEST_CONTEXT(status) {
            BOOST_TEST(stops_with<again>(judge_head(head(status), whole_file(), noon), part_fate::keep));
        }
    }
}

BOOST_AUTO_TEST_CASE(statuses_that_stay_are_rejected) {
    for (const unsigned status : {400U, 401U, 405U, 451U}) {
        BOOST_TEST(stops_with<rejected>(judge_head(head(status), whole_file(), noon), part_fate::drop));
    }
}

BOOST_AUTO_TEST_CASE(retry_after_is_obeyed_in_both_forms) {
    const auto wait = [](std::string value) {
        const auto judged = judge_head(head(429, {{"Retry-After", std::move(value)}}), whole_file(), noon);
        return std::get<again>(stopped(judged)->came_to).after;
    };
    BOOST_TEST((wait("120") == std::chrono::seconds(120)));
    BOOST_TEST((wait("Sun, 06 Nov 1994 12:00:30 GMT") == std::chrono::seconds(30)));
    BOOST_TEST((wait("Sun, 06 Nov 1994 11:00:00 GMT") == duration::zero()));
    BOOST_TEST((wait("99999999999999999999") == std::nullopt));
    BOOST_TEST((wait("18446744073709551615") == std::chrono::hours(24 * 365)));
    BOOST_TEST((wait("-5") == std::nullopt));
    BOOST_TEST((wait("soon") == std::nullopt));
}

BOOST_AUTO_TEST_CASE(lengths_are_digits_only) {
    BOOST_TEST((parse_length("0") == 0U));
    BOOST_TEST((parse_length("18446744073709551615") == ~std::uint64_t{0}));
    for (const char* bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1,1", "18446744073709551616"}) {
        BOOST_TEST(!parse_length(bad).has_value());
    }
}

BOOST_AUTO_TEST_CASE(content_ranges_must_lie_inside_the_whole) {
    const auto r = parse_content_range("bytes 100-199/1000");
    BOOST_REQUIRE(r.has_value());
    BOOST_TEST((r->first == 100U && r->last == 199U && r->total == 1000U));
    for (const char* bad : {"", "bytes", "bytes */1000", "bytes 0-9/*", "bytes 9-0/10", "bytes 0-10/10", "items 0-9/10",
                            "bytes 0-9", "bytes 0-9/10, 20-29/30", "bytes=0-9/10", "bytes -1-9/10"}) {
        BOOST_TEST_CONTEXT(bad) { BOOST_TEST(!parse_content_range(bad).has_value()); }
    }
}

BOOST_AUTO_TEST_CASE(only_strong_validators_are_used) {
    const auto of = [](http::field_list fields) { return strong_validator(head(200, std::move(fields))); };
    const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
    BOOST_TEST(of({{"ETag", "\"abc\""}}) == "\"abc\"");
    BOOST_TEST(of({{"ETag", "W/\"abc\""}}).empty());
    BOOST_TEST(of({{"ETag", "abc"}}).empty());
    BOOST_TEST(of({{"ETag", "\"a\rb\""}}).empty());
    BOOST_TEST(of({{"ETag", "\"a\"b\""}}).empty());
    BOOST_TEST(of({{"ETag", "W/\"abc\""}, {"Last-Modified", date}, {"Date", "Sun, 06 Nov 1994 09:00:00 GMT"}}).empty());
    BOOST_TEST(of({{"Last-Modified", date}, {"Date", "Sun, 06 Nov 1994 09:00:00 GMT"}}) == date);
    BOOST_TEST(of({{"Last-Modified", date}, {"Date", date}}).empty());
    BOOST_TEST(of({{"Last-Modified", date}}).empty());
    BOOST_TEST(of({}).empty());
}

BOOST_AUTO_TEST_CASE(the_media_type_is_kept_without_parameters) {
    const auto of = [](std::string type) { return media_type(head(200, {{"Content-Type", std::move(type)}})); };
    BOOST_TEST(of("Video/MP4; codecs=\"avc1\"") == "video/mp4");
    BOOST_TEST(of("application/octet-stream") == "application/octet-stream");
    for (const char* bad : {"", "video", "/mp4", "video/", "a b/c", "video/m\x01p4", "a/b/c"}) {
        BOOST_TEST(of(bad) == "video/mp4");
    }
    BOOST_TEST(media_type(head(200)) == "video/mp4");
}

BOOST_AUTO_TEST_CASE(a_whole_body_is_accepted_with_its_length) {
    const auto yes = accepted(judge_head(head(200, {{"Content-Length", "500"}}), whole_file(), noon));
    BOOST_REQUIRE(yes.has_value());
    BOOST_TEST((yes->from == 0U && yes->total == 500U));
    const auto chunked = accepted(judge_head(head(200), whole_file(), noon));
    BOOST_REQUIRE(chunked.has_value());
    BOOST_TEST(!chunked->total.has_value());
    const auto changed = accepted(judge_head(head(200, {{"Content-Length", "600"}}), rest_from(100), noon));
    BOOST_REQUIRE(changed.has_value());
    BOOST_TEST((changed->from == 0U && changed->total == 600U));
}

BOOST_AUTO_TEST_CASE(a_length_over_the_limit_is_rejected_up_front) {
    BOOST_TEST(
        stops_with<rejected>(judge_head(head(200, {{"Content-Length", "1001"}}), whole_file(), noon), part_fate::drop));
    expectation asked = rest_from(100);
    asked.total.reset();
    BOOST_TEST(stops_with<rejected>(judge_head(range("bytes 100-1000/1001"), asked, noon), part_fate::drop));
}

BOOST_AUTO_TEST_CASE(an_encoded_body_is_not_taken) {
    BOOST_TEST(
        stops_with<again>(judge_head(head(200, {{"Content-Encoding", "gzip"}}), whole_file(), noon), part_fate::keep));
    BOOST_TEST(accepted(judge_head(head(200, {{"Content-Encoding", "Identity"}}), whole_file(), noon)).has_value());
}

BOOST_AUTO_TEST_CASE(the_rest_is_accepted_when_it_fits) {
    const auto yes = accepted(
        judge_head(range("bytes 100-499/500", {{"Content-Length", "400"}, {"ETag", "\"v1\""}}), rest_from(100), noon));
    BOOST_REQUIRE(yes.has_value());
    BOOST_TEST((yes->from == 100U && yes->total == 500U));
}

BOOST_AUTO_TEST_CASE(another_part_than_asked_for_makes_us_start_over) {
    for (const char* value :
         {"bytes 99-499/500", "bytes 100-498/500", "bytes 100-499/*", "bytes 100-599/600", "", "bytes"}) {
        BOOST_TEST_CONTEXT(value) {
            BOOST_TEST(stops_with<again>(judge_head(range(value), rest_from(100), noon), part_fate::drop, true));
        }
    }
    BOOST_TEST(stops_with<again>(judge_head(head(206), rest_from(100), noon), part_fate::drop, true));
    BOOST_TEST(stops_with<again>(judge_head(range("bytes 100-499/500", {{"ETag", "\"v2\""}}), rest_from(100), noon),
                                 part_fate::drop, true));
    BOOST_TEST(
        stops_with<again>(judge_head(range("bytes 100-499/500", {{"Content-Length", "399"}}), rest_from(100), noon),
                          part_fate::drop, true));
    BOOST_TEST(
        stops_with<again>(judge_head(range("bytes 100-499/500", {{"Content-Type", "multipart/byteranges; boundary=x"}}),
                                     rest_from(100), noon),
                          part_fate::drop, true));
    BOOST_TEST(stops_with<again>(judge_head(head(416), rest_from(100), noon), part_fate::drop, true));
}

BOOST_AUTO_TEST_CASE(a_part_nobody_asked_for_is_refused) {
    BOOST_TEST(stops_with<again>(judge_head(range("bytes 0-499/500"), whole_file(), noon), part_fate::drop));
    BOOST_TEST(stops_with<again>(judge_head(head(416), whole_file(), noon), part_fate::drop));
}

BOOST_AUTO_TEST_CASE(without_a_check_a_web_page_is_known_by_its_type) {
    expectation asked = whole_file();
    const auto page = head(200, {{"Content-Type", "text/html; charset=utf-8"}});
    BOOST_TEST(accepted(judge_head(page, asked, noon)).has_value()); // its bytes will tell
    asked.check = false;
    BOOST_TEST(stops_with<again>(judge_head(page, asked, noon), part_fate::drop));
}

BOOST_AUTO_TEST_CASE(what_the_client_could_not_do_is_passing_unless_policy_forbids_it) {
    for (const errc code : {errc::network, errc::tls, errc::timed_out, errc::protocol, errc::unavailable}) {
        const verdict v = judge_transfer_error(error(code, "x"));
        BOOST_TEST((std::holds_alternative<again>(v.came_to) && v.part == part_fate::keep));
    }
    for (const errc code : {errc::refused, errc::invalid, errc::too_large}) {
        BOOST_TEST(std::holds_alternative<rejected>(judge_transfer_error(error(code, "x")).came_to));
    }
    const verdict v = judge_transfer_error(error(errc::cancelled, "x"));
    BOOST_TEST((std::holds_alternative<interrupted>(v.came_to) && v.part == part_fate::keep));
}

BOOST_AUTO_TEST_CASE(a_disk_that_a_person_must_mend_blocks) {
    const auto of = [](int value) { return judge_disk_error(errno_error("writing", value)).came_to; };
    for (const int value : {ENOSPC, EDQUOT, EACCES, EPERM, EROFS}) {
        BOOST_TEST(std::holds_alternative<blocked>(of(value)));
    }
    for (const int value : {EIO, EMFILE, ENOMEM}) {
        BOOST_TEST(std::holds_alternative<again>(of(value)));
    }
}

BOOST_AUTO_TEST_CASE(content_that_is_no_video_is_fetched_anew) {
    const verdict v = judge_disk_error(error(errc::invalid, "not an MP4"));
    BOOST_TEST((std::holds_alternative<again>(v.came_to) && v.part == part_fate::drop));
}

BOOST_AUTO_TEST_CASE(the_key_of_a_url_is_its_path_alone) {
    const std::string key = url_key("https://a.example/v/1.mp4?sig=1");
    BOOST_TEST(key == url_key("https://b.example:8443/v/1.mp4?sig=2#x"));
    BOOST_TEST(key != url_key("https://a.example/v/2.mp4?sig=1"));
    BOOST_TEST(url_key("https://a.example") == url_key("https://b.example/?a/b"));
}
