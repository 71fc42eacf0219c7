// Answers that no reference documents: odd shapes, proxies' pages, hostile bytes, and a key that is echoed.
#include "api_bench.hpp"

#include "seedhook/model/text.hpp"

using namespace seedhook;
using namespace seedhook::test;
using namespace std::string_literals;

namespace {

constexpr std::size_t longest_message = 1024;
constexpr std::size_t longest_code = 64;

// What every failure keeps.
void must_be_fit_to_show(const seedance::api_failure& f) {
    for (const std::string& text : {f.message, f.code}) {
        BOOST_TEST(printable(text) == text);
        BOOST_TEST(text.find(api_key) == std::string::npos, text);
    }
    BOOST_TEST(!f.message.empty());
    BOOST_TEST(f.message.size() <= longest_message);
    BOOST_TEST(f.code.size() <= longest_code);
}

// The failure of each call after the same answer.
std::vector<seedance::api_failure> failures(unsigned status, const std::string& body, http::field_list fields = {}) {
    api_bench b;
    for (int call = 0; call < 4; ++call) {
        b.will_answer(status, body, fields);
    }
    std::vector<seedance::api_failure> all{b.must_fail(b.submit()), b.must_fail(b.status()), b.must_fail(b.cancel()),
                                           b.must_fail(b.models())};
    for (const auto& f : all) {
        must_be_fit_to_show(f);
    }
    return all;
}

seedance::api_failure failure(unsigned status, const std::string& body, http::field_list fields = {}) {
    return failures(status, body, std::move(fields)).at(1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(odd_answers)

BOOST_AUTO_TEST_CASE(an_error_of_any_shape_survives_under_any_status) {
    struct {
        const char* body;
        const char* code;
        const char* said;
    } const rows[] = {{R"({"success":false,"error":null})", "", ""},
                      {R"({"success":false,"error":"try later"})", "", "try later"},
                      {R"({"success":false,"error":["try","later"]})", "", ""},
                      {R"({"success":false,"error":[{"code":"x","message":"y"}]})", "", ""},
                      {R"({"success":false,"error":7})", "", ""},
                      {R"({"success":false,"error":{}})", "", ""},
                      {R"({"success":false,"error":{"message":"only words"}})", "", "only words"},
                      {R"({"success":false,"error":{"code":"only_code"}})", "only_code", "only_code"},
                      {R"({"success":false,"error":{"code":17,"message":{"a":"b"}}})", "", ""},
                      {R"({"success":false,"error":{"code":null,"message":null}})", "", ""},
                      {R"({"success":false})", "", ""}};
    for (const auto& row : rows) {
        for (const unsigned status : {200u, 400u, 401u, 402u, 429u, 500u}) {
            BOOST_TEST_CONTEXT(status << " " << row.body) {
                for (const auto& f : failures(status, row.body)) {
                    BOOST_TEST(f.code == row.code);
                    expect(f, f.what, row.said);
                    BOOST_TEST(f.status == status);
                    BOOST_TEST((f.what == kind::malformed) == false);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_under_200_without_a_known_code_is_upstreams_fault) {
    expect(failure(200, R"({"success":false})"), kind::upstream, R"("success" is false)");
    expect(failure(200, R"({"success":false,"error":{"code":"out_of_gpus","message":"m"}})"), kind::upstream,
           "out_of_gpus: m");
    expect(failure(200, R"({"success":false,"requestId":"req_1","error":{"code":"not_found"}})"), kind::not_found);
    expect(failure(200, R"({"success":false,"status":"error","error":{"code":"rate_limited"}})"), kind::rate_limited);
    // Names of our own kinds are no codes of theirs.
    expect(failure(200, R"({"success":false,"error":{"code":"cancelled"}})"), kind::upstream);
    expect(failure(200, R"({"success":false,"error":{"code":"malformed"}})"), kind::upstream);
}

BOOST_AUTO_TEST_CASE(a_success_that_is_no_document_of_the_api_is_malformed) {
    const std::string deep =
        R"({"requestId":"req_1","status":"queued","x":)" + std::string(40, '[') + "1" + std::string(40, ']') + "}";
    for (const std::string& body :
         {" "s, "null"s, "5"s, "\"text\""s, "[]"s, "[{}]"s, "{"s, "OK"s, "<!DOCTYPE html><html></html>"s,
          R"({"requestId":"req_1","status":"succ)"s, R"({"requestId":"req_1","status":"queued"} {})"s,
          R"({"requestId":"req_1","status":"failed","status":"succeeded"})"s,
          "{\"requestId\":\"req_1\",\"status\":\"\xff\"}"s,
          "\xef\xbb\xbf{\"requestId\":\"req_1\",\"status\":\"queued\"}"s, "\x1f\x8b\x08\x00"s,
          std::string(100000, '\0'), std::string(100000, '['), deep}) {
        BOOST_TEST_CONTEXT(printable(body.substr(0, 80))) {
            for (const auto& f : failures(200, body)) {
                expect(f, kind::malformed, "the API answered 200 with something");
            }
        }
    }
    api_bench b;
    for (const char* body :
         {"{}", R"({"status":"queued"})", R"({"requestId":"req_1"})", R"({"requestId":null,"status":"queued"})",
          R"({"requestId":"req_1","status":null})", R"({"requestId":"","status":"queued"})",
          R"({"data":{"requestId":"req_1","status":"queued"}})"}) {
        BOOST_TEST_CONTEXT(body) { expect(b.failure(200, body), kind::malformed, "`"); }
    }
    expect(b.failure(200, ""), kind::malformed, "with nothing");
}

BOOST_AUTO_TEST_CASE(a_proxys_page_keeps_the_kind_of_its_status) {
    const std::string page = "<html>\r\n<head><title>502 Bad Gateway</title></head></html>";
    const http::field_list html{{"Content-Type", "text/html; charset=utf-8"}};
    expect(failure(502, page, html), kind::upstream, "502 with text/html; charset=utf-8 that is none of its documents");
    expect(failure(503, page), kind::upstream, "503 with something");
    expect(failure(503, ""), kind::upstream, "503 with nothing");
    expect(failure(429, page, html), kind::rate_limited);
    expect(failure(401, page, html), kind::unauthorized);
    expect(failure(403, page, html), kind::unauthorized);
    expect(failure(400, page, html), kind::invalid_request);
    expect(failure(200, page, html), kind::malformed, "text/html");
}

BOOST_AUTO_TEST_CASE(a_404_that_is_not_the_apis_own_says_nothing_about_a_task) {
    expect(failure(404, not_known), kind::not_found);
    expect(failure(404, R"({"success":false,"error":null})"), kind::not_found);
    for (const char* body : {"", "404 page not found", "<html>", "[]", "{\"success\":false", "\"not_found\""}) {
        expect(failure(404, body), kind::malformed, "api.base_url");
    }
    expect(failure(410, "<html>"), kind::malformed);
}

BOOST_AUTO_TEST_CASE(an_error_document_that_is_not_read_still_has_its_status) {
    for (const char* body : {R"({"error":{"code":"a","code":"b"}})", R"({"error":"\ud800"})",
                             "{\"error\":\"\xc0\x80\"}", R"({"success":false,"error":{"code":"rate_limited")"}) {
        const auto f = failure(429, body);
        expect(f, kind::rate_limited);
        BOOST_TEST(f.code == "");
    }
}

BOOST_AUTO_TEST_CASE(hostile_texts_come_out_printable_and_bounded) {
    const auto f = failure(400, R"({"error":{"code":"a\nb\u001b[2J","message":"x\r\ny\u0000\u202ez\u0007\u2028"}})",
                           {{"Content-Type", "\x1b]0;owned\x07"}});
    BOOST_TEST(f.code == "a\\nb\\x1b[2J");
    expect(f, kind::invalid_request, R"(: x\r\ny \u{202e}z\x07\u{2028})");
    failure(500, "no json", {{"Content-Type", "text/\x1b]0;owned\x07\xff"s + std::string(5000, 'x')}});
    for (const char* filler : {"m", "\\n", "\\u001b", "\\u202e", "ü", "😀"}) {
        std::string many;
        for (int i = 0; i < 6000; ++i) {
            many += filler;
        }
        failure(500, R"({"error":{"code":")" + many + R"(","message":")" + many + R"("}})");
        failure(200, R"({"success":false,"error":")" + many + R"("})");
        api_bench b;
        must_be_fit_to_show(b.failure(200, R"({"requestId":")" + many + R"(","error":{"code":")" + many +
                                               R"(","message":")" + many + R"("}})"));
    }
    api_bench b;
    b.will_fail(errc::network, "evil\n\x1b[2J" + std::string(100000, 'h'));
    must_be_fit_to_show(b.must_fail(b.submit()));
}

BOOST_AUTO_TEST_CASE(a_key_that_upstream_echoes_is_not_repeated) {
    const std::string escaped = R"(\u0073d2_live_)" + api_key.substr(9);
    for (const std::string& key : {api_key, escaped, api_key + api_key, "Bearer " + api_key}) {
        for (const unsigned status : {200u, 401u, 500u}) {
            const auto f = failure(status, R"({"success":false,"error":{"code":")" + key + R"(","message":"bad key )" +
                                               key + R"( given"}})");
            expect(f, f.what, "bad key ");
            expect(f, f.what, "[key] given");
            BOOST_TEST(f.code.find("[key]") != std::string::npos);
            expect(failure(status, R"({"success":false,"error":"bad key )" + key + "\"}"), f.what, "bad key ");
        }
    }
    api_bench b;
    must_be_fit_to_show(b.failure(200, R"({"requestId":")" + api_key + R"(","status":"queued"})"));
    failure(502, "<html>" + api_key, {{"Content-Type", "text/" + api_key}, {"Location", "https://x/?" + api_key}});
    failure(302, api_key, {{"Location", "https://x/?key=" + api_key}});
    b.will_fail(errc::network, "api.example: " + api_key);
    must_be_fit_to_show(b.must_fail(b.status()));
}

BOOST_AUTO_TEST_CASE(no_part_of_a_key_is_left_where_a_text_is_cut) {
    const std::string telling = api_key.substr(0, 9 + 3); // beyond the prefix that all keys share
    for (const std::size_t limit : {64u, 128u, 512u, 4096u}) {
        for (std::size_t before = limit - api_key.size() - 12; before <= limit; ++before) {
            const std::string text = std::string(before, '.') + api_key + std::string(600, '.');
            for (const auto& f : failures(401, R"({"error":{"code":")" + text + R"(","message":")" + text + R"("}})")) {
                BOOST_REQUIRE(f.message.find(telling) == std::string::npos);
                BOOST_REQUIRE(f.code.find(telling) == std::string::npos);
            }
        }
    }
    // So many keys that what is left of them fits.
    std::string keys;
    while (keys.size() < 5000) {
        keys += api_key;
    }
    BOOST_TEST(failure(401, R"({"error":")" + keys + "\"}").message.find(telling) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_report_repeats_the_key_neither) {
    api_bench b;
    const std::string body = R"({"requestId":"req_1","status":")" + api_key + R"(","model":"m )" + api_key +
                             R"(","error":{"code":")" + api_key + R"(","message":"x )" + api_key + "\\n\"}}";
    for (int call = 0; call < 2; ++call) {
        b.will_answer(200, body);
    }
    for (const auto& got : {b.status().value(), b.cancel().value()}) {
        BOOST_TEST(got.report.status_text == "[key]");
        BOOST_TEST(got.report.model == "m [key]");
        BOOST_TEST((got.report.failure == task_failure{"[key]", "x [key]\n"}));
        BOOST_TEST(got.body.find(api_key) == std::string::npos);
        BOOST_TEST(got.body.starts_with(R"({"requestId":"req_1","status":"[key]")"));
    }
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_good_answer_is_malformed_and_none_of_it_is_believed) {
    const std::string good =
        R"({"success":true,"requestId":"req_1","status":"succeeded","model":"m","error":{"code":"ä"}})";
    for (std::size_t size = 0; size < good.size(); ++size) {
        api_bench b;
        expect(b.failure(200, good.substr(0, size)), kind::malformed);
    }
}

BOOST_AUTO_TEST_SUITE_END()
