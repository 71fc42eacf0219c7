// Status codes and error codes as the API's reference documents them.
#include "sandbox/open_api.hpp"

#include <boost/json.hpp>

#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view base = "/api/open/v1";

bool is_bearer(std::string_view authorization, const std::string& key) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() || !http::same_name(authorization.substr(0, scheme.size()), scheme)) {
        return false;
    }
    return key.empty() || authorization.substr(scheme.size()) == key;
}

http::response no_such_task() { return http::error_response(404, "not_found", "No such task"); }

// The task that the path names.
generation_ptr named(const studio& tasks, const http::request& r) {
    const auto id = http::percent_decode(r.captures.at(0));
    return id ? tasks.find(*id) : nullptr;
}

} // namespace

void open_api::add_to(http::router& routes) {
    const std::string generations = std::string(base) + "/video/generations";
    const auto add = [&](std::string method, std::string path,
                         awaitable<http::response> (open_api::*what)(const http::request&)) {
        http::endpoint e;
        e.method = std::move(method);
        e.path = std::move(path);
        e.handle = [this, what](const http::request& r) { return (this->*what)(r); };
        routes.add(std::move(e));
    };
    add("POST", generations, &open_api::submit);
    add("GET", generations + "/{}", &open_api::status);
    add("POST", generations + "/{}/cancel", &open_api::cancel);
    add("GET", std::string(base) + "/models", &open_api::models);
}

std::optional<http::response> open_api::refusal(const http::request& r) {
    const auto authorization = r.find("Authorization");
    if (!authorization || !is_bearer(*authorization, api_key_)) {
        return http::error_response(401, "unauthorized", authorization ? "Invalid API key" : "API key is missing");
    }
    if (const auto wait = limit_.exceeded(system_clock().now())) {
        auto answer = http::error_response(429, "rate_limited", "Too many requests");
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
        answer.fields.emplace_back("Retry-After", std::to_string(seconds));
        return answer;
    }
    return {};
}

awaitable<http::response> open_api::submit(const http::request& r) {
    if (auto refused = refusal(r)) {
        co_return std::move(*refused);
    }
    auto asked = parse_submission(r.body);
    if (!asked) {
        co_return http::error_response(400, "invalid_request", asked.error().message);
    }
    const auto g = studio_.submit(std::move(*asked));
    if (!g) {
        const error& why = g.error();
        co_return why.code == errc::refused ? http::error_response(402, "insufficient_credits", why.message)
                                            : http::error_response(429, "rate_limited", why.message);
    }
    json::object answer;
    answer["success"] = true;
    answer["requestId"] = (*g)->future.request_id;
    answer["status"] = to_string((*g)->status);
    answer["creditsCharged"] = (*g)->credits;
    co_return http::json_response(200, json::serialize(answer));
}

awaitable<http::response> open_api::status(const http::request& r) {
    if (auto refused = refusal(r)) {
        co_return std::move(*refused);
    }
    const auto g = named(studio_, r);
    co_return g ? http::json_response(200, status_document(*g, studio_.video_url(*g))) : no_such_task();
}

awaitable<http::response> open_api::cancel(const http::request& r) {
    if (auto refused = refusal(r)) {
        co_return std::move(*refused);
    }
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    if (!studio_.cancel(g)) {
        co_return http::error_response(400, "invalid_request", "The task has already ended");
    }
    json::object answer;
    answer["success"] = true;
    answer["requestId"] = g->future.request_id;
    answer["status"] = to_string(g->status);
    co_return http::json_response(200, json::serialize(answer));
}

awaitable<http::response> open_api::models(const http::request&) {
    co_return http::json_response(200, models_document());
}

} // namespace seedhook::sandbox
