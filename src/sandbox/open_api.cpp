// Status codes and error codes as the API's reference documents them.
#include "sandbox/open_api.hpp"

#include "sandbox/api_fault.hpp"

#include <boost/json.hpp>

#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view base = "/api/open/v1";

http::response no_such_task() { return http::error_response(404, "not_found", "No such task"); }

std::string id_in(const http::request& r) {
    const auto id = r.captures.empty() ? std::nullopt : http::percent_decode(r.captures[0]);
    return id.value_or(std::string());
}

} // namespace

void open_api::add_to(http::router& routes) {
    const std::string generations = std::string(base) + "/video/generations";
    const auto add = [&](std::string method, std::string path, call_kind kind, handler what) {
        http::endpoint e;
        e.method = std::move(method);
        e.path = std::move(path);
        e.handle = [this, kind, what](const http::request& r) -> awaitable<http::response> {
            co_return serve(kind, what, r);
        };
        routes.add(std::move(e));
    };
    add("POST", generations, call_kind::submit, &open_api::submit);
    add("GET", generations + "/{}", call_kind::status, &open_api::status);
    add("POST", generations + "/{}/cancel", call_kind::cancel, &open_api::cancel);
    add("GET", std::string(base) + "/models", call_kind::models, &open_api::models);
}

http::response open_api::serve(call_kind kind, handler handle, const http::request& r) {
    const std::uint64_t number = calls_.begin(kind, id_in(r), system_clock().now());
    if (kind == call_kind::submit) {
        calls_.keep_submission(number, r);
    }
    return answer(kind, handle, r, *calls_.find(number));
}

http::response open_api::answer(call_kind kind, handler handle, const http::request& r, api_call& call) {
    if (!available_) {
        call.status = 503;
        return {503, "text/html", "<html><body><h1>503 Service Unavailable</h1></body></html>\n"};
    }
    const api_fault fault = choose_fault(options_, call.number, kind);
    call.fault = to_string(fault.kind);
    // GET /models is documented without a key.
    auto refused = kind == call_kind::models ? std::nullopt : gatekeeper_.refusal(r, call.at);
    http::response made;
    if (refused) {
        made = std::move(*refused);
    } else if (fault.kind != fault_kind::server_error) {
        made = (this->*handle)(r, call);
    }
    made = spoil(std::move(made), fault);
    call.status = made.status;
    return made;
}

generation_ptr open_api::named(const http::request& r, const api_call& call) const {
    auto g = studio_.find(call.request_id);
    return g && g->owner == bearer_key(r) ? g : nullptr;
}

http::response open_api::submit(const http::request& r, api_call& call) {
    auto asked = parse_submission(r.body);
    if (!asked) {
        return http::error_response(400, "invalid_request", asked.error().message);
    }
    const auto g = studio_.submit(std::move(*asked), std::string(bearer_key(r)));
    if (!g) {
        const error& why = g.error();
        return why.code == errc::refused ? http::error_response(402, "insufficient_credits", why.message)
                                         : http::error_response(429, "rate_limited", why.message);
    }
    call.request_id = (*g)->future.request_id;
    json::object document;
    document["success"] = true;
    document["requestId"] = (*g)->future.request_id;
    document["status"] = to_string((*g)->status);
    document["creditsCharged"] = (*g)->credits;
    return http::json_response(200, json::serialize(document));
}

http::response open_api::status(const http::request& r, api_call& call) {
    const auto g = named(r, call);
    if (!g || g->status_calls++ < g->future.forgotten_calls) {
        return no_such_task();
    }
    return http::json_response(200, status_document(*g, studio_.shown_url(*g)));
}

http::response open_api::cancel(const http::request& r, api_call& call) {
    const auto g = named(r, call);
    if (!g) {
        return no_such_task();
    }
    if (!studio_.end(g, task_status::cancelled)) {
        return http::error_response(400, "invalid_request", "The task has already ended");
    }
    json::object document;
    document["success"] = true;
    document["requestId"] = g->future.request_id;
    document["status"] = to_string(g->status);
    return http::json_response(200, json::serialize(document));
}

http::response open_api::models(const http::request&, api_call&) { return http::json_response(200, models_document()); }

} // namespace seedhook::sandbox
