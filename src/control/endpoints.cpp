// The table of the control API, and the answers its handlers share.
#include "control/endpoints.hpp"

#include "control/access.hpp"
#include "control/json.hpp"
#include "control/query.hpp"

#include "seedhook/log/seldom.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace seedhook {
namespace control {
namespace {

constexpr std::size_t largest_list = 8 * 1024 * 1024; // of requestIds to track
constexpr std::size_t largest_submission = 1024 * 1024;

using handler = awaitable<http::response> (*)(shared_context, const http::request&);

// Nothing of it is kept, taken for something else than it says it is, or shown within another site's page.
awaitable<http::response> kept_here(handler run, shared_context with, const http::request& asked) {
    http::response answer = co_await run(std::move(with), asked);
    answer.fields.emplace_back("Cache-Control", "no-store");
    answer.fields.emplace_back("X-Content-Type-Options", "nosniff");
    answer.fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    co_return answer;
}

http::endpoint entry(std::string method, std::string path, handler run, const shared_context& with) {
    http::endpoint e;
    e.method = std::move(method);
    e.path = std::move(path);
    e.handle = [run, with](const http::request& asked) { return kept_here(run, with, asked); };
    return e;
}

http::endpoint taking_up_to(std::size_t body_limit, http::endpoint e) {
    e.body_limit = body_limit;
    return e;
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

} // namespace

std::optional<std::string> request_id_of(const http::request& asked) {
    if (asked.captures.empty()) {
        return std::nullopt;
    }
    auto id = http::percent_decode(asked.captures.front());
    return id && valid_request_id(*id) ? std::move(id) : std::nullopt;
}

awaitable<sought_task> find_task(shared_context with, const http::request& asked) {
    const auto id = request_id_of(asked);
    if (!id) {
        co_return no_such_task();
    }
    if (auto sound = check_query(asked.query, {"source"}); !sound) {
        co_return bad_request(sound.error().message);
    }
    const std::string source = http::query_value(asked.query, "source").value_or("");
    auto found = co_await with->tasks.find(source, *id);
    if (!found) {
        co_return store_failure(found.error());
    }
    if (found->size() > 1) {
        co_return http::json_response(409, ambiguous_json(*found));
    }
    if (found->empty()) {
        co_return no_such_task();
    }
    co_return std::move(found->front());
}

result<std::string> source_named(const control_context& with, const std::optional<std::string>& name) {
    const std::vector<std::string> known = with.sources();
    if (!name) {
        return known.size() == 1 ? result<std::string>(known.front())
                                 : error(errc::invalid, "name a `source`: there are " + listed(known));
    }
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
        return error(errc::not_found, "no source of that name is configured: there are " + listed(known));
    }
    return *name;
}

http::response no_such_source(const error& why) {
    return why.code == errc::not_found ? http::error_response(404, "unknown_source", why.message)
                                       : bad_request(why.message);
}

http::response bad_request(std::string_view message) { return http::error_response(400, "invalid_request", message); }

http::response no_such_task() { return http::error_response(404, "not_found", "no such task is known"); }

http::response overcrowded(std::string_view message) {
    auto answer = http::error_response(503, "unavailable", message);
    answer.fields.emplace_back("Retry-After", "5");
    return answer;
}

http::response store_failure(const error& why) {
    log::write_seldom(log::level::warning, "store did not answer", 1, {{"reason", why.message}});
    auto answer = http::error_response(503, "unavailable", "the store cannot answer now; try again");
    answer.fields.emplace_back("Retry-After", "1");
    return answer;
}

} // namespace control

void add_control_endpoints(http::router& into, control_context with) {
    const auto shared = std::make_shared<const control_context>(std::move(with));
    into.set_guard([shared](const http::request& asked) { return control::refusal(*shared->access(), asked); });
    into.add(control::entry("GET", "/", control::dashboard_page, shared));
    into.add(control::entry("GET", "/dashboard.css", control::dashboard_style, shared));
    into.add(control::entry("GET", "/dashboard.js", control::dashboard_script, shared));
    into.add(control::entry("GET", "/healthz", control::healthz, shared));
    into.add(control::entry("GET", "/readyz", control::readyz, shared));
    into.add(control::entry("GET", "/metrics", control::read_metrics, shared));
    into.add(control::entry("GET", "/v1/summary", control::summary, shared));
    into.add(control::entry("GET", "/v1/events", control::events, shared));
    into.add(control::entry("GET", "/v1/tasks", control::list_tasks, shared));
    into.add(control::entry("GET", "/v1/tasks/{}", control::show_task, shared));
    into.add(control::entry("GET", "/v1/tasks/{}/video", control::read_video, shared));
    into.add(control::entry("POST", "/v1/tasks/{}/redeliver", control::redeliver, shared));
    into.add(control::entry("POST", "/v1/tasks/{}/cancel", control::cancel, shared));
    into.add(control::taking_up_to(control::largest_list, control::entry("POST", "/v1/tasks", control::track, shared)));
    into.add(control::taking_up_to(control::largest_submission,
                                   control::entry("POST", "/v1/submissions", control::submit, shared)));
    into.add(control::entry("GET", "/v1/models", control::models, shared));
}

} // namespace seedhook
