// The four calls as the API documents them, and each of its documented errors.
#include "api_bench.hpp"

using namespace seedhook;
using namespace seedhook::test;
using namespace std::chrono_literals;

namespace {

const std::string finished = R"({ "success": true, "requestId": "req_1", "status": "succeeded", "model": "seedance-2.0",
    "prompt": "…", "duration": 5, "aspectRatio": "16:9",
    "output": {"type": "video", "url": "https://videos.example/req_1.mp4"}, "error": null })";

std::string documented(std::string_view code, std::string_view message) {
    return http::error_response(400, code, message).body;
}

} // namespace

BOOST_AUTO_TEST_SUITE(api_calls)

BOOST_AUTO_TEST_CASE(a_submission_sends_the_body_and_brings_the_request_id_and_upstreams_own_bytes) {
    api_bench b;
    const std::string answer =
        R"({"success": true, "requestId": "req_1234567890", "status": "queued", "creditsCharged": 40})";
    b.will_answer(200, answer);
    const auto made = b.submit(R"({"prompt":"ein Fluß"})").value();
    BOOST_TEST(made.request_id == "req_1234567890");
    BOOST_TEST((made.status == task_status::queued));
    BOOST_TEST(made.body == answer);
    const http::client_request& asked = b.client.asked.at(0);
    BOOST_TEST(asked.method == "POST");
    BOOST_TEST(asked.url == "https://api.example/api/open/v1/video/generations");
    BOOST_TEST(asked.body == R"({"prompt":"ein Fluß"})");
    BOOST_TEST(asked.response_limit == 1024u * 1024);
    BOOST_TEST(field_of(asked, "Authorization") == "Bearer " + api_key);
    BOOST_TEST(field_of(asked, "Content-Type") == "application/json");
}

BOOST_AUTO_TEST_CASE(a_submission_whose_answer_names_the_task_is_never_lost) {
    const auto status_after = [](const std::string& rest, unsigned status = 200) {
        api_bench b;
        b.will_answer(status, R"({"requestId":"r")" + rest + "}");
        return b.submit().value().status;
    };
    BOOST_TEST((status_after("") == task_status::queued));
    BOOST_TEST((status_after(R"(,"status":"warming up")") == task_status::queued));
    BOOST_TEST((status_after(R"(,"status":7)") == task_status::queued));
    BOOST_TEST((status_after(R"(,"status":"processing")", 202) == task_status::processing));
    BOOST_TEST((status_after(R"(,"success":false,"status":"failed")") == task_status::failed));
    BOOST_TEST((status_after(R"(,"error":"odd")", 201) == task_status::queued));
}

BOOST_AUTO_TEST_CASE(a_status_brings_the_report_and_upstreams_own_bytes) {
    api_bench b;
    b.will_answer(200, finished);
    const auto got = b.status().value();
    BOOST_TEST(got.report.request_id == "req_1");
    BOOST_TEST((got.report.status == task_status::succeeded));
    BOOST_TEST(got.report.model == "seedance-2.0");
    BOOST_TEST(got.report.video_url == "https://videos.example/req_1.mp4");
    BOOST_TEST(!got.report.failure.has_value());
    BOOST_TEST(got.body == finished);
    BOOST_TEST(b.client.asked.at(0).method == "GET");
    BOOST_TEST(b.client.asked.at(0).url == "https://api.example/api/open/v1/video/generations/req_1");
    BOOST_TEST(field_of(b.client.asked.at(0), "Authorization") == "Bearer " + api_key);
}

BOOST_AUTO_TEST_CASE(a_status_that_we_do_not_know_is_no_failure_and_not_terminal) {
    for (const char* text : {"dreaming", "Succeeded", "", "expired"}) {
        api_bench b;
        b.will_answer(200, R"({"requestId":"req_1","status":")" + std::string(text) + "\"}");
        const auto got = b.status().value();
        BOOST_TEST(!got.report.status.has_value(), text);
        BOOST_TEST(got.report.status_text == text);
    }
}

BOOST_AUTO_TEST_CASE(a_failed_task_is_a_report_whatever_success_says) {
    for (const char* success : {"true", "false", "null", "\"no\""}) {
        api_bench b;
        b.will_answer(200,
                      R"({"requestId":"req_1","status":"failed","error":{"code":"nsfw","message":"no"},"success":)" +
                          std::string(success) + "}");
        const auto got = b.status().value();
        BOOST_TEST((got.report.status == task_status::failed), success);
        BOOST_TEST((got.report.failure == task_failure{"nsfw", "no"}), success);
    }
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_posted_and_may_answer_much_or_nothing) {
    api_bench b;
    b.will_answer(200, R"({"success":true,"requestId":"req_1","status":"cancelled"})");
    BOOST_TEST((b.cancel().value().report.status == task_status::cancelled));
    BOOST_TEST(b.client.asked.at(0).method == "POST");
    BOOST_TEST(b.client.asked.at(0).url == "https://api.example/api/open/v1/video/generations/req_1/cancel");
    BOOST_TEST(b.client.asked.at(0).body == "");

    b.will_answer(200, R"({"success":true})");
    const auto plain = b.cancel().value();
    BOOST_TEST(plain.report.request_id == "req_1");
    BOOST_TEST(!plain.report.status.has_value());
    BOOST_TEST(plain.body == R"({"success":true})");

    b.will_answer(200, R"({"success":true,"status":"cancelled"})");
    BOOST_TEST((b.cancel().value().report.status == task_status::cancelled));
    b.will_answer(204, "");
    BOOST_TEST(b.cancel().value().report.request_id == "req_1");
    b.will_answer(200, finished); // it had ended before
    BOOST_TEST(b.cancel().value().report.video_url == "https://videos.example/req_1.mp4");
}

BOOST_AUTO_TEST_CASE(a_cancellation_that_is_refused_or_about_another_task_is_a_failure) {
    api_bench b;
    b.will_answer(400, documented("invalid_request", "The task has already ended"));
    expect(b.must_fail(b.cancel()), kind::invalid_request, "The task has already ended");
    b.will_answer(200, R"({"success":false,"requestId":"req_1","status":"succeeded","error":"too late"})");
    expect(b.must_fail(b.cancel()), kind::upstream, "too late");
    b.will_answer(200, R"({"success":true,"requestId":"req_2","status":"cancelled"})");
    expect(b.must_fail(b.cancel()), kind::malformed, "another task");
    b.will_answer(200, "cancelled");
    expect(b.must_fail(b.cancel()), kind::malformed);
}

BOOST_AUTO_TEST_CASE(models_are_passed_on_as_they_come) {
    api_bench b;
    const std::string answer = R"({"success": true, "data": [{"id": "seedance-2.0", "durations": [4, 15]}]})";
    b.will_answer(200, answer);
    BOOST_TEST(b.models().value() == answer);
    BOOST_TEST(b.client.asked.at(0).method == "GET");
    BOOST_TEST(b.client.asked.at(0).url == "https://api.example/api/open/v1/models");
    b.will_answer(200, R"(["seedance-2.0"])");
    expect(b.must_fail(b.models()), kind::malformed);
    b.will_answer(200, documented("rate_limited", "slowly"));
    expect(b.must_fail(b.models()), kind::rate_limited, "slowly");
}

BOOST_AUTO_TEST_CASE(every_documented_error_is_told_apart) {
    struct {
        unsigned status;
        const char* code;
        kind what;
    } const rows[] = {{400, "invalid_request", kind::invalid_request},
                      {401, "unauthorized", kind::unauthorized},
                      {402, "insufficient_credits", kind::insufficient_credits},
                      {404, "not_found", kind::not_found},
                      {429, "rate_limited", kind::rate_limited},
                      {500, "internal_error", kind::upstream}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.code) {
            api_bench b;
            const std::string body = documented(row.code, "because of this");
            for (int call = 0; call < 4; ++call) {
                b.will_answer(row.status, body);
            }
            for (const auto& f :
                 {b.must_fail(b.submit()), b.must_fail(b.status()), b.must_fail(b.cancel()), b.must_fail(b.models())}) {
                expect(f, row.what, "because of this");
                BOOST_TEST(f.status == row.status);
                BOOST_TEST(f.code == row.code);
                BOOST_TEST(f.message.starts_with("the API answered " + std::to_string(row.status) + " " + row.code));
            }
            // The same, said under a 200.
            expect(b.failure(200, body), row.what, "because of this");
        }
    }
}

BOOST_AUTO_TEST_CASE(other_http_statuses_find_their_kind) {
    struct {
        unsigned status;
        kind what;
    } const rows[] = {{403, kind::unauthorized},    {405, kind::invalid_request}, {407, kind::upstream},
                      {408, kind::upstream},        {409, kind::invalid_request}, {410, kind::not_found},
                      {413, kind::invalid_request}, {421, kind::upstream},        {422, kind::invalid_request},
                      {425, kind::upstream},        {451, kind::invalid_request}, {501, kind::upstream},
                      {502, kind::upstream},        {503, kind::upstream},        {504, kind::upstream},
                      {599, kind::upstream},        {999, kind::upstream}};
    for (const auto& row : rows) {
        api_bench b;
        const auto f = b.failure(row.status, R"({"success":false})");
        expect(f, row.what);
        BOOST_TEST(f.status == row.status);
    }
}

BOOST_AUTO_TEST_CASE(a_redirect_is_a_failure) {
    for (const unsigned status : {300u, 301u, 302u, 303u, 304u, 307u, 308u}) {
        api_bench b;
        const auto f = b.failure(status, finished, {{"Location", "https://elsewhere.example/"}});
        expect(f, kind::upstream, "redirect");
        BOOST_TEST(f.status == status);
        BOOST_TEST(b.client.asked.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(what_the_client_reports_is_told_apart) {
    struct {
        errc code;
        kind what;
        bool may_exist;
    } const rows[] = {{errc::network, kind::unreachable, true},      {errc::tls, kind::unreachable, false},
                      {errc::timed_out, kind::unreachable, true},    {errc::protocol, kind::unreachable, true},
                      {errc::refused, kind::unreachable, false},     {errc::invalid, kind::unreachable, false},
                      {errc::unavailable, kind::unreachable, false}, {errc::too_large, kind::malformed, true},
                      {errc::cancelled, kind::cancelled, true}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(to_string(row.code)) {
            api_bench b;
            b.will_fail(row.code, "api.example: this happened");
            const auto asked = b.must_fail(b.status());
            expect(asked, row.what, "api.example: this happened");
            BOOST_TEST(asked.status == 0u);
            BOOST_TEST(!asked.task_may_exist);
            b.will_fail(row.code, "api.example: this happened");
            const auto submitted = b.must_fail(b.submit());
            expect(submitted, row.what, row.may_exist ? "may exist" : "");
            BOOST_TEST(submitted.task_may_exist == row.may_exist);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_submission_says_when_the_task_may_exist) {
    const auto after = [](unsigned status, std::string body) {
        api_bench b;
        b.will_answer(status, std::move(body));
        const auto f = b.must_fail(b.submit());
        BOOST_TEST((f.message.find("the task may exist upstream") != std::string::npos) == f.task_may_exist);
        return f;
    };
    for (const char* lost : {"", "<html>", "{}", "[]", R"({"success":true})", R"({"requestId":"../x"})",
                             R"({"requestId":7})", R"({"requestId":"r","requestId":"r"})", R"({"requestId":"r")",
                             R"({"success":true,"error":{"code":"invalid_request"}})"}) {
        const auto f = after(200, lost);
        expect(f, kind::malformed);
        BOOST_TEST(f.task_may_exist, lost);
    }
    BOOST_TEST(after(500, documented("internal_error", "oops")).task_may_exist);
    BOOST_TEST(after(504, "<html>").task_may_exist);
    BOOST_TEST(!after(400, documented("invalid_request", "no prompt")).task_may_exist);
    BOOST_TEST(!after(429, "").task_may_exist);
    BOOST_TEST(!after(302, "").task_may_exist);
    BOOST_TEST(!after(200, documented("insufficient_credits", "none left")).task_may_exist);
}

BOOST_AUTO_TEST_CASE(an_answer_about_another_task_is_malformed) {
    api_bench b;
    expect(b.failure(200, R"({"requestId":"req_2","status":"succeeded"})"), kind::malformed, "another task, req_2");
    expect(b.failure(200, R"({"requestId":"REQ_1","status":"succeeded"})"), kind::malformed);
}

BOOST_AUTO_TEST_CASE(what_is_no_request_id_is_not_sent) {
    api_bench b;
    for (const std::string id :
         {"", ".", "..", "../models", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\r\nb", "-x", "ä"}) {
        for (const auto& got : {b.status(id), b.cancel(id)}) {
            const auto f = b.must_fail(got);
            expect(f, kind::invalid_request, "requestId");
            BOOST_TEST(f.status == 0u);
        }
    }
    BOOST_TEST(!b.must_fail(b.status(std::string(129, 'a'))).task_may_exist);
    BOOST_TEST(b.client.asked.empty());
}

BOOST_AUTO_TEST_CASE(retry_after_is_obeyed_under_any_failure_and_bounded) {
    const auto wait = [](unsigned status, http::field_list fields) {
        api_bench b;
        return b.failure(status, "", std::move(fields)).retry_after;
    };
    for (const unsigned status : {429u, 503u, 500u, 401u, 302u}) {
        BOOST_TEST((wait(status, {{"retry-after", "7"}}) == 7s));
        BOOST_TEST((wait(status, {{"Retry-After", "Sun, 06 Nov 1994 12:01:00 GMT"}}) == 60s));
    }
    BOOST_TEST((wait(429, {{"Retry-After", "0"}}) == 0s));
    BOOST_TEST((wait(429, {{"Retry-After", "Sun, 06 Nov 1994 11:00:00 GMT"}}) == 0s));
    BOOST_TEST((wait(429, {{"Retry-After", "86401"}}) == 24h));
    BOOST_TEST((wait(429, {{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}}) == 24h));
    BOOST_TEST((wait(429, {{"Retry-After", "Sunday, 06-Nov-94 12:00:09 GMT"}}) == 9s));
    BOOST_TEST((wait(429, {{"Retry-After", "Sun Nov  6 12:00:09 1994"}}) == 9s));
    // Their clock is a day ahead of ours, and they tell it.
    BOOST_TEST((wait(429, {{"Retry-After", "Mon, 07 Nov 1994 12:00:30 GMT"},
                           {"Date", "Mon, 07 Nov 1994 12:00:00 GMT"}}) == 30s));
    for (const char* broken : {"", "-5", "soon", "1e9", "99999999999999999999"}) {
        BOOST_TEST(!wait(429, {{"Retry-After", broken}}).has_value(), broken);
    }
    BOOST_TEST(!wait(429, {}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
