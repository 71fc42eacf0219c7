// The hooks about the API as a whole.
#include "sandbox/api_hooks.hpp"

#include "sandbox/hook_request.hpp"
#include "sandbox/knobs.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

json::object describe(const api_call& c) {
    json::object d;
    d["number"] = c.number;
    d["kind"] = to_string(c.kind);
    d["at"] = to_rfc3339(c.at);
    d["atMs"] = c.at.time_since_epoch().count();
    d["requestId"] = c.request_id.empty() ? json::value(nullptr) : json::value(c.request_id);
    d["status"] = c.status;
    d["fault"] = c.fault.empty() ? json::value(nullptr) : json::value(c.fault);
    return d;
}

json::object describe(const arrived_submission& s, const api_call* call) {
    json::object d;
    d["number"] = s.number;
    d["requestId"] = call == nullptr || call->request_id.empty() ? json::value(nullptr) : json::value(call->request_id);
    d["status"] = call == nullptr ? json::value(nullptr) : json::value(call->status);
    d["headers"] = json::value_from(s.fields);
    d["body"] = s.body;
    return d;
}

bool has(const std::vector<std::string>& names, std::string_view one) {
    return std::find(names.begin(), names.end(), one) != names.end();
}

} // namespace

void api_hooks::add_to(http::router& routes) {
    const auto add = [&](const char* method, const char* path, auto what) {
        add_hook(routes, *this, method, path, what);
    };
    add("GET", "/sandbox/behaviour", &api_hooks::show_behaviour);
    add("POST", "/sandbox/behaviour", &api_hooks::behave);
    add("GET", "/sandbox/api", &api_hooks::show_state);
    add("POST", "/sandbox/api", &api_hooks::set_state);
    add("POST", "/sandbox/key", &api_hooks::set_key);
    add("GET", "/sandbox/calls", &api_hooks::list_calls);
    add("DELETE", "/sandbox/calls", &api_hooks::forget_calls);
    add("GET", "/sandbox/submissions", &api_hooks::list_submissions);
}

awaitable<http::response> api_hooks::show_behaviour(const http::request&) {
    co_return http::json_response(200, knobs_document(options_));
}

awaitable<http::response> api_hooks::behave(const http::request& r) {
    const auto turned = turn_knobs(options_, r.body);
    if (!turned) {
        co_return bad_request(turned.error());
    }
    if (has(*turned, "rate-limit") || has(*turned, "rate-window-ms")) {
        api_.keys().forget_rates();
    }
    if (has(*turned, "unauthorized-after")) {
        api_.keys().count_anew();
    }
    co_return http::json_response(200, knobs_document(options_));
}

awaitable<http::response> api_hooks::show_state(const http::request&) {
    json::object answer;
    const bool refusing = door_ != nullptr && !door_->is_open();
    const char* when_open = api_.is_available() ? "up" : "unavailable";
    answer["state"] = refusing ? "refusing" : when_open;
    co_return json_answer(answer);
}

awaitable<http::response> api_hooks::set_state(const http::request& r) {
    const auto body = object_in(r);
    const auto asked = body ? text_in(*body, "state") : body.error();
    const std::string state = asked ? asked->value_or("") : std::string();
    if (state != "up" && state != "unavailable" && state != "refusing") {
        co_return bad_request(error(errc::invalid, "state must be up, unavailable or refusing"));
    }
    if (state == "refusing" && door_ == nullptr) {
        co_return http::error_response(409, "no_other_door", "only with --hooks-listen could it be up again");
    }
    if (state == "refusing") {
        co_await door_->shut(duration(0));
        co_return co_await show_state(r);
    }
    const auto opened = door_ == nullptr ? result<void>() : door_->reopen();
    if (!opened) {
        co_return http::error_response(500, "internal_error", opened.error().message);
    }
    api_.set_available(state == "up");
    co_return co_await show_state(r);
}

awaitable<http::response> api_hooks::set_key(const http::request& r) {
    const auto body = object_in(r);
    const auto revoked = body ? truth_in(*body, "revoked") : body.error();
    const auto key = body ? text_in(*body, "key") : body.error();
    if (!revoked || !key || !revoked->has_value()) {
        co_return bad_request(error(errc::invalid, "revoked must be true or false, key text or absent"));
    }
    if (**revoked) {
        api_.keys().revoke(key->value_or(""));
    } else {
        options_.unauthorized_after.reset();
        api_.keys().restore();
    }
    json::object answer;
    answer["revoked"] = **revoked;
    co_return json_answer(answer);
}

awaitable<http::response> api_hooks::list_calls(const http::request& r) {
    const auto kind = http::query_value(r.query, "kind");
    const auto task = http::query_value(r.query, "task");
    if (kind && !is_call_kind(*kind)) {
        co_return bad_request(error(errc::invalid, "kind must be submit, status, cancel or models"));
    }
    const auto wanted = [&](const api_call& c) {
        return (!kind || to_string(c.kind) == *kind) && (!task || c.request_id == *task);
    };
    const page asked = page_of(r);
    json::array calls;
    for (const api_call& c : api_.calls().list(asked.from, asked.limit, wanted)) {
        calls.push_back(describe(c));
    }
    json::object counts;
    for (const call_kind each : all_call_kinds) {
        counts[to_string(each)] = api_.calls().count(each);
    }
    json::object answer;
    answer["counts"] = std::move(counts);
    answer["calls"] = std::move(calls);
    co_return json_answer(answer);
}

awaitable<http::response> api_hooks::forget_calls(const http::request&) {
    api_.calls().empty();
    co_return json_answer(json::object());
}

awaitable<http::response> api_hooks::list_submissions(const http::request& r) {
    const page asked = page_of(r);
    json::array all;
    for (const arrived_submission& s : api_.calls().submissions(asked.from, asked.limit)) {
        all.push_back(describe(s, api_.calls().find(s.number)));
    }
    json::object answer;
    answer["submissions"] = std::move(all);
    co_return json_answer(answer);
}

} // namespace seedhook::sandbox
