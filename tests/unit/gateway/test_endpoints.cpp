// Who may use the gateway, which source is meant, and what of request and answer goes through.
#include "gateway_bench.hpp"

#include "seedhook/gateway/gateway.hpp"

#include <boost/asio/this_coro.hpp>

using namespace seedhook;
using namespace seedhook::test;

namespace {

struct app_request {
    std::string method = "GET";
    std::string target = "/api/open/v1/models";
    std::vector<http::field_view> fields;
    std::string body;
};

struct app_answer {
    http::response head;
    std::string body;
};

// The answer with its stream read to the end.
awaitable<app_answer> answer_of(gateway_bench& b, config::secret token, const app_request& asked) {
    const auto executor = co_await asio::this_coro::executor;
    task_group passages(executor);
    auto router = std::make_shared<http::router>();
    gateway_context with{*b.desk, b.api, passages, [&b] { return b.sources; }, std::move(token)};
    add_gateway_endpoints(*router, with);
    http::request in;
    in.method = asked.method;
    in.target = asked.target;
    in.path = std::string_view(asked.target).substr(0, asked.target.find('?'));
    in.query = in.path.size() < asked.target.size() ? std::string_view(asked.target).substr(in.path.size() + 1) : "";
    in.fields = asked.fields;
    in.body = asked.body;
    in.peer = "127.0.0.1:9";
    const auto match = router->match(in.method, in.path);
    app_answer out;
    if (match.found == nullptr) {
        out.head.status = match.allow.empty() ? 404 : 405;
        co_return out;
    }
    in.captures = match.captures;
    out.head = co_await match.found->handle(in);
    out.body = out.head.body;
    while (out.head.stream) {
        std::string piece(7, '\0');
        const auto size = co_await out.head.stream->read(piece);
        if (!size || *size == 0) {
            out.head.stream.reset();
        } else {
            out.body += piece.substr(0, *size);
        }
    }
    co_await passages.drained();
    co_return out;
}

app_answer ask(gateway_bench& b, app_request asked, std::string token = "") {
    return run_coroutine(answer_of(b, config::secret(std::move(token)), asked));
}

app_request get(std::string target, std::vector<http::field_view> fields = {}) {
    app_request out;
    out.target = std::move(target);
    out.fields = std::move(fields);
    return out;
}

app_request post(std::string target, std::string body, std::vector<http::field_view> fields = {}) {
    app_request out = get(std::move(target), std::move(fields));
    out.method = "POST";
    out.body = std::move(body);
    return out;
}

const std::string generations = "/api/open/v1/video/generations";

} // namespace

BOOST_AUTO_TEST_CASE(the_four_endpoints_answer_and_no_others) {
    gateway_bench b;
    b.api.will_answer(200, taken);
    BOOST_TEST(ask(b, post(generations, "{}")).body == taken);
    b.api.will_answer(200, "the status");
    BOOST_TEST(ask(b, get(generations + "/req_1")).body == "the status");
    b.api.will_answer(200, "the models");
    BOOST_TEST(ask(b, get("/api/open/v1/models")).body == "the models");
    b.api.will_answer(200, "cancelled");
    BOOST_TEST(ask(b, post(generations + "/req_1/cancel", "")).body == "cancelled");
    BOOST_TEST(b.api.asked.at(1).url == "https://main.example/api/open/v1/video/generations/req_1");
    BOOST_TEST(b.store.all.at(0).events.front().kind == "tracked");
    for (const char* other : {"/", "/api/open/v1", "/api/open/v1/models/x", "/api/open/v2/models", "/metrics"}) {
        BOOST_TEST(ask(b, get(other)).head.status == 404U, other);
    }
    BOOST_TEST(b.api.asked.size() == 4U);
}

BOOST_AUTO_TEST_CASE(only_the_token_opens_a_gateway_that_has_one) {
    gateway_bench b;
    for (const std::vector<http::field_view>& fields : std::vector<std::vector<http::field_view>>{
             {},
             {{"Authorization", ""}},
             {{"Authorization", "Bearer"}},
             {{"Authorization", "Bearer "}},
             {{"Authorization", "Bearer app-toke"}},
             {{"Authorization", "Bearer app-token2"}},
             {{"Authorization", "Bearer app-tokeN"}},
             {{"Authorization", "Basic app-token"}},
             {{"Authorization", "app-token"}},
             {{"Authorization", "Bearer app-token"}, {"Authorization", "Bearer app-token"}}}) {
        for (const auto& asked : {get("/api/open/v1/models", fields), get(generations + "/req_1", fields),
                                  post(generations, "{}", fields), post("/main" + generations, "{}", fields)}) {
            const auto answer = ask(b, asked, "app-token");
            BOOST_TEST(answer.head.status == 401U);
            BOOST_TEST(holds(answer.body, R"("code":"unauthorized")"), answer.body);
        }
    }
    BOOST_TEST(b.api.asked.empty());
    b.api.will_answer(200, "the models");
    BOOST_TEST(ask(b, get("/api/open/v1/models", {{"authorization", "bearer app-token"}}), "app-token").body ==
               "the models");
}

BOOST_AUTO_TEST_CASE(what_apps_send_as_key_never_reaches_upstream) {
    gateway_bench b;
    b.api.will_answer(200, "the models");
    ask(b, get("/api/open/v1/models?a=%20b&c", {{"Authorization", "Bearer sd2_live_apps_own"},
                                                {"Cookie", "a=b"},
                                                {"X-Forwarded-For", "192.0.2.1"},
                                                {"Accept", "application/json"},
                                                {"If-None-Match", "\"1\""}}));
    const http::client_request& sent = b.api.asked.at(0);
    BOOST_TEST(sent.url == "https://main.example/api/open/v1/models?a=%20b&c");
    BOOST_TEST(field_of(sent.fields, "Authorization") == "Bearer " + api_key);
    BOOST_TEST(field_of(sent.fields, "Accept") == "application/json");
    BOOST_TEST(field_of(sent.fields, "If-None-Match") == "\"1\"");
    BOOST_TEST(sent.fields.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_web_page_cannot_spend_credits_through_a_visitors_browser) {
    gateway_bench b;
    BOOST_TEST(ask(b, post(generations, "{}", {{"Origin", "https://evil.example"}})).head.status == 403U);
    BOOST_TEST(ask(b, post(generations, "{}", {{"Origin", "null"}})).head.status == 403U);
    BOOST_TEST(b.api.asked.empty());
    b.api.will_answer(200, taken);
    BOOST_TEST(ask(b, post(generations, "{}", {{"Origin", "https://app.example"}, {"Authorization", "Bearer t"}}), "t")
                   .head.status == 200U);
}

BOOST_AUTO_TEST_CASE(the_source_is_named_by_path_or_field_or_is_the_only_one) {
    gateway_bench b("", {"one", "two"});
    const std::vector<std::pair<app_request, std::string>> asked{
        {get("/two/api/open/v1/models"), "two"},
        {get("/api/open/v1/models", {{"x-seedhook-source", "one"}}), "one"},
        {get("/one/api/open/v1/models", {{"X-Seedhook-Source", "one"}}), "one"}};
    for (const auto& [request, name] : asked) {
        b.api.will_answer(200, "the models");
        BOOST_TEST(ask(b, request).head.status == 200U);
        BOOST_TEST(b.api.asked.back().url == "https://" + name + ".example/api/open/v1/models");
    }
    b.api.will_answer(200, taken);
    ask(b, post("/two" + generations, "{}"));
    BOOST_TEST(b.store.tracks.at(0).source == "two");
    b.api.will_answer(200, "the status");
    ask(b, get("/two" + generations + "/req_9"));
    BOOST_TEST(b.api.asked.back().url == "https://two.example/api/open/v1/video/generations/req_9");
}

BOOST_AUTO_TEST_CASE(a_source_that_is_not_clear_is_asked_for) {
    gateway_bench b("", {"one", "two"});
    const auto unnamed = ask(b, get("/api/open/v1/models"));
    BOOST_TEST(unnamed.head.status == 400U);
    BOOST_TEST(holds(unnamed.body, "X-Seedhook-Source; there are: one, two"), unnamed.body);
    BOOST_TEST(ask(b, get("/api/open/v1/models", {{"X-Seedhook-Source", ""}})).head.status == 400U);
    BOOST_TEST(ask(b, get("/one/api/open/v1/models", {{"X-Seedhook-Source", "two"}})).head.status == 400U);
    BOOST_TEST(
        ask(b, get("/api/open/v1/models", {{"X-Seedhook-Source", "one"}, {"X-Seedhook-Source", "one"}})).head.status ==
        400U);
    const auto unknown = ask(b, post("/three" + generations, "{}"));
    BOOST_TEST(unknown.head.status == 404U);
    BOOST_TEST(holds(unknown.body, "there is no source three with an API"), unknown.body);
    BOOST_TEST(b.api.asked.empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_request_id_is_not_asked_for) {
    gateway_bench b;
    for (const char* bad : {"/..%2Fmodels", "/%2e%2e", "/a%0d%0ab", "/%", "/a%20b", "/-a"}) {
        BOOST_TEST(ask(b, get(generations + bad)).head.status == 404U, bad);
        BOOST_TEST(ask(b, post(generations + bad + "/cancel", "")).head.status == 404U, bad);
    }
    BOOST_TEST(b.api.asked.empty());
    b.api.will_answer(200, "the status");
    BOOST_TEST(ask(b, get(generations + "/req%5F1")).body == "the status");
    BOOST_TEST(b.api.asked.at(0).url.ends_with("/req_1"));
}

BOOST_AUTO_TEST_CASE(an_answer_goes_through_with_the_fields_that_concern_an_app) {
    gateway_bench b;
    b.api.will_answer(404, "not there",
                      {{"Content-Type", "text/plain"},
                       {"Content-Length", "9"},
                       {"Connection", "X-Odd"},
                       {"X-Odd", "1"},
                       {"Set-Cookie", "a=b"},
                       {"Location", "https://www.seedance2.ink/"},
                       {"WWW-Authenticate", "Bearer"},
                       {"retry-after", "3"},
                       {"RateLimit-Remaining", "1"},
                       {"X-RateLimit-Reset", "2"},
                       {"ETag", "\"e\""}});
    const auto answer = ask(b, get(generations + "/req_1"));
    BOOST_TEST(answer.head.status == 404U);
    BOOST_TEST(answer.head.content_type == "text/plain");
    BOOST_TEST(answer.head.stream_length.value() == 9U);
    BOOST_TEST(answer.body == "not there");
    BOOST_TEST(answer.head.fields.size() == 4U);
    BOOST_TEST(field_of(answer.head.fields, "Retry-After") == "3");
    BOOST_TEST(field_of(answer.head.fields, "X-RateLimit-Reset") == "2");
}

BOOST_AUTO_TEST_CASE(a_key_in_a_streamed_answer_is_blotted_out_wherever_it_is_cut) {
    for (std::size_t shift = 0; shift < 5; ++shift) {
        gateway_bench b;
        const std::string before(shift, 'x');
        b.api.will_answer(200, before + api_key + api_key + "sd2_live_x" + api_key.substr(0, 20));
        const auto answer = ask(b, get("/api/open/v1/models"));
        const auto blots = [](std::size_t count) { return std::string(count, '*'); };
        BOOST_TEST(answer.body == before + blots(2 * api_key.size()) + "sd2_live_x" + blots(20));
    }
}

BOOST_AUTO_TEST_CASE(no_answer_is_an_error_of_ours) {
    gateway_bench b;
    b.api.will_fail(errc::timed_out, "no answer within 60s, " + api_key);
    b.api.will_fail(errc::network, "connection refused");
    const auto late = ask(b, get("/api/open/v1/models"));
    BOOST_TEST(late.head.status == 504U);
    BOOST_TEST(holds(late.body, "no answer within 60s"), late.body);
    BOOST_TEST(!holds(late.body, api_key), late.body);
    BOOST_TEST(ask(b, get("/api/open/v1/models")).head.status == 502U);
}
