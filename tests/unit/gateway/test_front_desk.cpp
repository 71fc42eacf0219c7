// A submission, whatever upstream and the store do: noted before it is sent, tracked before it is answered, and told of
// when its answer is lost.
#include "gateway_bench.hpp"

#include <boost/asio/steady_timer.hpp>

using namespace seedhook;
using namespace seedhook::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(a_submission_is_noted_before_it_is_sent_and_tracked_before_it_is_answered) {
    gateway_bench b;
    b.api.will_answer(201, taken,
                      {{"Content-Type", "application/json; charset=utf-8"}, {"X-RateLimit-Remaining", "9"}});
    std::string noted;
    b.api.on_send = [&] {
        noted = b.store.submissions.at(0).what;
        b.time.at += 3s; // upstream takes its time
    };
    const auto answer = b.submit(R"({"model":"seedance-2.0","prompt":"a river","metadata":{"k":"v"}})");
    BOOST_TEST(noted == "seedance-2.0: a river");
    BOOST_TEST(answer.status == 201U);
    BOOST_TEST(answer.body == taken);
    BOOST_TEST(answer.content_type == "application/json; charset=utf-8");
    BOOST_TEST(field_of(answer.fields, "x-ratelimit-remaining") == "9");
    BOOST_TEST(answer.request_id == "req_1");
    BOOST_REQUIRE_EQUAL(b.store.tracks.size(), 1U);
    const track_command& tracked = b.store.tracks[0];
    BOOST_TEST(tracked.source == "main");
    BOOST_TEST(tracked.by == "gateway");
    BOOST_TEST(tracked.tasks.at(0).request_id == "req_1");
    BOOST_TEST(tracked.tasks.at(0).model == "seedance-2.0");
    BOOST_TEST(tracked.tasks.at(0).metadata == R"({"k":"v"})");
    BOOST_TEST(tracked.body == taken);
    BOOST_CHECK(tracked.submitted_at == time_point(1000s));
    BOOST_CHECK(tracked.now == time_point(1003s));
    BOOST_CHECK(tracked.ask_at == time_point(1093s));
    BOOST_TEST(tracked.intent.has_value());
    BOOST_TEST(b.store.submissions.empty());
    BOOST_TEST(b.store.all.size() == 1U);
}

BOOST_AUTO_TEST_CASE(upstream_gets_the_key_and_our_callback_url) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    b.submit(R"({"prompt":"p"})");
    const http::client_request& sent = b.api.asked.at(0);
    BOOST_TEST(sent.method == "POST");
    BOOST_TEST(sent.url == "https://main.example/api/open/v1/video/generations");
    BOOST_TEST(field_of(sent.fields, "Authorization") == "Bearer " + api_key);
    BOOST_TEST(field_of(sent.fields, "Content-Type") == "application/json");
    BOOST_TEST(sent.body == R"({"webhookUrl":"https://hooks.example/hooks/main","prompt":"p"})");
}

BOOST_AUTO_TEST_CASE(a_task_whose_callback_goes_to_the_app_is_asked_about_as_one_that_is_never_called_back) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    b.submit(R"({"model":"seedance-2.0","webhookUrl":"https://app.example/"})");
    BOOST_TEST((b.store.tracks.at(0).called_back == callbacks::elsewhere));
    BOOST_CHECK(b.store.tracks.at(0).ask_at == b.store.tracks.at(0).now + 10s);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_passed_on_and_nothing_is_lost) {
    const std::string body = R"({"success":false,"error":{"code":"rate_limited","message":"Slow down"}})";
    for (const unsigned status : {400U, 401U, 402U, 422U, 429U, 302U}) {
        gateway_bench b;
        b.api.will_answer(status, body, {{"Retry-After", "7"}, {"Set-Cookie", "a=b"}, {"Location", "https://x"}});
        const auto answer = b.submit();
        BOOST_TEST(answer.status == status);
        BOOST_TEST(answer.body == body);
        BOOST_TEST(answer.fields.size() == 1U);
        BOOST_TEST(field_of(answer.fields, "Retry-After") == "7");
        BOOST_TEST(answer.request_id == "");
        BOOST_TEST(b.store.tracks.empty());
        BOOST_TEST(b.store.submissions.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_that_comes_as_a_success_is_passed_on_too) {
    gateway_bench b;
    b.api.will_answer(200, R"({"success":false,"error":{"code":"insufficient_credits","message":"m"}})");
    BOOST_TEST(b.submit().status == 200U);
    BOOST_TEST(b.store.tracks.empty());
    BOOST_TEST(b.store.submissions.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_lost_is_told_of_and_the_app_hears_that_the_task_may_exist) {
    const auto lost = [](auto script, unsigned status) {
        gateway_bench b;
        script(b.api);
        const auto answer = b.submit();
        BOOST_TEST(answer.status == status);
        BOOST_TEST(holds(answer.body, "may exist"), answer.body);
        BOOST_TEST(holds(answer.body, R"("success":false)"), answer.body);
        BOOST_TEST(holds(b.lost(), "may exist"), b.lost());
        BOOST_TEST(b.store.tracks.empty());
    };
    lost([](scripted_upstream& u) { u.will_fail(errc::timed_out, "no answer"); }, 504);
    lost([](scripted_upstream& u) { u.will_fail(errc::network, "reset"); }, 502);
    lost([](scripted_upstream& u) { u.will_fail(errc::protocol, "cut off"); }, 502);
    lost([](scripted_upstream& u) { u.will_fail(errc::too_large, "too large"); }, 502);
    lost([](scripted_upstream& u) { u.will_answer(200, "<html>"); }, 502);
    lost([](scripted_upstream& u) { u.will_answer(200, R"({"success":true})"); }, 502);
    lost([](scripted_upstream& u) { u.will_answer(200, R"({"success":true,"requestId":"../x"})"); }, 502);
}

BOOST_AUTO_TEST_CASE(an_error_of_upstream_is_passed_on_but_the_task_may_exist) {
    gateway_bench b;
    b.api.will_answer(500, R"({"success":false,"error":{"code":"internal_error","message":"m"}})");
    const auto answer = b.submit();
    BOOST_TEST(answer.status == 500U);
    BOOST_TEST(holds(answer.body, "internal_error"));
    BOOST_TEST(holds(b.lost(), "may exist"), b.lost());
}

BOOST_AUTO_TEST_CASE(a_stop_amid_a_submission_is_told_of) {
    gateway_bench b;
    b.api.will_fail(errc::cancelled, "stopped");
    BOOST_TEST(b.submit().status == 502U);
    BOOST_TEST(b.lost() == "seedhook was stopped before upstream's answer came");
}

BOOST_AUTO_TEST_CASE(what_was_never_sent_is_not_lost) {
    for (const errc why : {errc::refused, errc::unavailable, errc::tls}) {
        gateway_bench b;
        b.api.will_fail(why, "no connection");
        const auto answer = b.submit();
        BOOST_TEST(answer.status == 502U);
        BOOST_TEST(!holds(answer.body, "may exist"), answer.body);
        BOOST_TEST(b.store.submissions.empty());
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_noted_is_not_sent) {
    gateway_bench b;
    b.store.failure = error(errc::unavailable, "being mended");
    const auto answer = b.submit();
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(holds(answer.body, "was not sent"), answer.body);
    BOOST_TEST(field_of(answer.fields, "Retry-After") == "1");
    BOOST_TEST(b.api.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_task_that_cannot_be_tracked_is_named) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    b.api.on_send = [&] { b.store.failure = error(errc::unavailable, "being mended"); };
    const auto answer = b.submit();
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(holds(answer.body, "req_1"), answer.body);
    BOOST_TEST(holds(answer.body, "do not submit it again"), answer.body);
    BOOST_TEST(field_of(answer.fields, "Retry-After") == "");
    BOOST_TEST(answer.request_id == "");
}

BOOST_AUTO_TEST_CASE(tracking_goes_on_until_the_store_is_back) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    b.api.on_send = [&] { b.store.failure = error(errc::unavailable, "being mended"); };
    front_desk_context with{b.store, b.api, b.time, {}, {}, {}};
    with.sources = [&b] { return b.sources; };
    with.routes = [] { return std::make_shared<const routing>(std::vector<route>()); };
    with.ask_at = [](const std::string&, const std::string&, time_point now, callbacks) { return now; };
    const auto patient = make_front_desk(std::move(with));
    asio::io_context context(1);
    asio::steady_timer mended(context, 20ms);
    mended.async_wait([&b](const boost::system::error_code&) { b.store.failure.reset(); });
    std::optional<upstream_answer> answer;
    auto finished = [&answer](const std::exception_ptr&, upstream_answer a) { answer = std::move(a); };
    asio::co_spawn(context, patient->submit("main", "{}", "submit"), finished);
    context.run();
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 200U);
    BOOST_TEST(answer->request_id == "req_1");
    BOOST_TEST(b.store.tracks.size() == 2U);
    BOOST_TEST(b.store.all.size() == 1U);
}

BOOST_AUTO_TEST_CASE(tracking_goes_on_when_the_app_has_been_told_of_the_fault) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    b.api.on_send = [&] { b.store.failure = error(errc::unavailable, "being mended"); };
    asio::io_context context(1);
    task_group later(context.get_executor());
    front_desk_context with{b.store, b.api, b.time, {}, {}, {}};
    with.sources = [&b] { return b.sources; };
    with.routes = [] { return std::make_shared<const routing>(std::vector<route>()); };
    with.ask_at = [](const std::string&, const std::string&, time_point now, callbacks) { return now; };
    with.keep_trying = 10ms;
    with.later = &later;
    const auto hasty = make_front_desk(std::move(with));
    std::optional<upstream_answer> answer;
    auto finished = [&](const std::exception_ptr&, upstream_answer a) {
        answer = std::move(a);
        b.store.failure.reset();
    };
    asio::co_spawn(context, hasty->submit("main", "{}", "submit"), finished);
    context.run();
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 503U);
    BOOST_TEST(b.store.all.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_document_that_is_none_is_not_sent) {
    gateway_bench b;
    BOOST_TEST(b.submit("[]").status == 400U);
    BOOST_TEST(b.submit(R"({"a":1,"a":2})").status == 400U);
    BOOST_TEST(b.submit(std::string(most_submission_bytes + 1, ' ')).status == 413U);
    BOOST_TEST(run_coroutine(b.desk->submit("mian", "{}", "submit")).status == 404U);
    BOOST_TEST(b.api.asked.empty());
    BOOST_TEST(b.store.submissions.empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_upstream_repeats_is_blotted_out) {
    const std::string error_body =
        R"({"success":false,"error":{"code":"unauthorized","message":"bad key )" + api_key + R"("}})";
    gateway_bench b;
    b.api.will_answer(401, error_body, {{"Retry-After", api_key}});
    b.api.will_answer(200, R"({"success":true,"requestId":"req_1","key":")" + api_key + R"("})");
    b.api.will_answer(500, api_key);
    b.api.will_fail(errc::network, "lost " + api_key);
    b.api.will_answer(200, api_key);
    b.api.will_answer(200, api_key);
    for (int i = 0; i < 4; ++i) {
        const auto answer = b.submit();
        BOOST_TEST(!holds(answer.body, api_key), answer.body);
        BOOST_TEST(field_of(answer.fields, "Retry-After") != api_key);
    }
    BOOST_TEST(!holds(run_coroutine(b.desk->models("main")).body, api_key));
    BOOST_TEST(!holds(run_coroutine(b.desk->cancel("main", "req_1")).body, api_key));
    for (const track_command& tracked : b.store.tracks) {
        BOOST_TEST(!holds(tracked.body, api_key));
    }
    for (const open_submission& one : b.store.submissions) {
        BOOST_TEST(!holds(one.lost, api_key), one.lost);
    }
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_passed_on_and_stands_in_the_history) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    b.submit();
    b.api.will_answer(409, R"({"success":false})");
    b.api.will_fail(errc::timed_out, "no answer");
    BOOST_TEST(run_coroutine(b.desk->cancel("main", "req_1")).status == 409U);
    BOOST_TEST(b.api.asked.back().url == "https://main.example/api/open/v1/video/generations/req_1/cancel");
    BOOST_TEST(b.api.asked.back().method == "POST");
    BOOST_TEST(b.store.all.at(0).events.back().kind == "cancel");
    BOOST_TEST(b.store.all.at(0).events.back().detail == "asked of upstream, which answered 409");
    BOOST_TEST(run_coroutine(b.desk->cancel("main", "req_1")).status == 504U);
    BOOST_TEST(b.store.all.at(0).events.back().detail == "asked of upstream, which answered nothing: no answer");
    BOOST_TEST(run_coroutine(b.desk->cancel("main", "../models")).status == 404U);
    BOOST_TEST(b.api.asked.size() == 3U);
}

BOOST_AUTO_TEST_CASE(models_are_upstreams_own) {
    gateway_bench b;
    b.api.will_answer(200, R"({"success":true,"data":[]})", {{"ETag", "\"1\""}});
    const auto answer = run_coroutine(b.desk->models("main"));
    BOOST_TEST(answer.body == R"({"success":true,"data":[]})");
    BOOST_TEST(field_of(answer.fields, "etag") == "\"1\"");
    BOOST_TEST(b.api.asked.at(0).url == "https://main.example/api/open/v1/models");
}

BOOST_AUTO_TEST_CASE(submissions_of_an_earlier_life_are_told_of_once) {
    memory_store store;
    fixed_clock time;
    for (const char* what : {"first", "second"}) {
        begin_submission_command begin;
        begin.source = "main";
        begin.what = what;
        run_coroutine(store.begin_submission(std::move(begin))).value();
    }
    store.submissions[1].lost = "upstream answered 500";
    BOOST_TEST(run_coroutine(tell_lost_submissions(store, time)).has_value());
    BOOST_TEST(store.submissions[0].lost == "seedhook was stopped before upstream's answer came or could be noted");
    BOOST_TEST(store.submissions[1].lost == "upstream answered 500");
    store.failure = error(errc::unavailable, "being mended");
    BOOST_TEST(run_coroutine(tell_lost_submissions(store, time)).has_error());
}
