// Reading tasks: a page of them, or one, now or once it is done.
#include "control/endpoints.hpp"
#include "control/json.hpp"
#include "control/query.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>

namespace seedhook::control {
namespace {

constexpr std::uint32_t max_limit = 500;
constexpr duration max_wait = std::chrono::minutes(5);
// What a search through many tasks may take; what it has found by then is the page.
constexpr duration longest_search = std::chrono::seconds(1);
constexpr long most_waits = 128; // of the connections, so that others find room: who waits may have gone long ago

const places& wait_places() {
    static const places all(most_waits);
    return all;
}

error invalid(std::string_view why) { return {errc::invalid, std::string(why)}; }

result<task_query> query_of(std::string_view text) {
    if (auto sound = check_query(text, {"stage", "status", "source", "q", "limit", "cursor"}); !sound) {
        return sound.error();
    }
    task_query query;
    if (const auto stage = http::query_value(text, "stage")) {
        query.stage = parse_task_stage(*stage);
        if (!query.stage) {
            return invalid("stage: one of waiting, fetching, delivering, done, stuck");
        }
    }
    if (const auto status = http::query_value(text, "status")) {
        query.status = parse_task_status(*status);
        if (!query.status) {
            return invalid("status: one of queued, processing, succeeded, failed, cancelled, expired");
        }
    }
    if (const auto limit = http::query_value(text, "limit")) {
        const auto value = whole_number(*limit, 1, max_limit);
        if (!value) {
            return invalid("limit: a whole number from 1 to 500");
        }
        query.limit = static_cast<std::uint32_t>(*value);
    }
    if (const auto cursor = http::query_value(text, "cursor")) {
        query.before = whole_number(*cursor, 1, std::numeric_limits<std::int64_t>::max());
        if (!query.before) {
            return invalid("cursor: `next` of an earlier answer");
        }
    }
    query.source = http::query_value(text, "source").value_or("");
    query.text = http::query_value(text, "q").value_or("");
    return query;
}

result<duration> wait_of(std::string_view query) {
    if (auto sound = check_query(query, {"wait", "source"}); !sound) {
        return sound.error();
    }
    const auto text = http::query_value(query, "wait");
    if (!text) {
        return duration::zero();
    }
    const auto wait = parse_duration(*text);
    if (!wait || *wait > max_wait) {
        return invalid("wait: a duration such as 30s, at most 5m");
    }
    return *wait;
}

// Nothing more happens to the task by itself.
bool at_rest(const task& t) { return t.stage == task_stage::done || t.stage == task_stage::stuck; }

awaitable<http::response> detail_answer(shared_context with, task_detail found) {
    std::optional<std::uint64_t> fetched;
    if (!found.of.video) {
        fetched = co_await with->fetched_bytes(found.of);
    }
    co_return http::json_response(200, detail_json(found, fetched, *with, with->time.now()));
}

} // namespace

awaitable<http::response> list_tasks(shared_context with, const http::request& asked) {
    auto query = query_of(asked.query);
    if (!query) {
        co_return bad_request(query.error().message);
    }
    const auto end = std::chrono::steady_clock::now() + longest_search;
    task_page all;
    for (bool goes_on = true; goes_on;) {
        auto page = co_await with->tasks.list(*query);
        if (!page) {
            co_return store_failure(page.error());
        }
        query->limit -= static_cast<std::uint32_t>(page->tasks.size());
        query->before = all.next = page->next;
        std::move(page->tasks.begin(), page->tasks.end(), std::back_inserter(all.tasks));
        const bool asked_to_stop = co_await cancelled();
        goes_on = query->limit > 0 && all.next && std::chrono::steady_clock::now() < end && !asked_to_stop;
    }
    co_return http::json_response(200, page_json(all));
}

awaitable<http::response> show_task(shared_context with, const http::request& asked) {
    const auto id = request_id_of(asked);
    if (!id) {
        co_return no_such_task();
    }
    const auto wait = wait_of(asked.query);
    if (!wait) {
        co_return bad_request(wait.error().message);
    }
    const std::string source = http::query_value(asked.query, "source").value_or("");
    const auto deadline = with->changes.now() + *wait;
    const bool waits = *wait > duration::zero();
    const auto place = waits ? wait_places().take() : nullptr;
    if (waits && !place) {
        co_return overcrowded("as many wait for tasks as may");
    }
    for (;;) {
        const std::uint64_t version = with->changes.version();
        auto found = co_await with->tasks.find(source, *id);
        if (!found) {
            co_return store_failure(found.error());
        }
        if (found->size() > 1) {
            co_return http::json_response(409, ambiguous_json(*found));
        }
        const bool rests = !found->empty() && at_rest(found->front().of);
        const bool asked_to_stop = co_await cancelled();
        const auto left = std::chrono::ceil<duration>(deadline - with->changes.now());
        if (rests || left <= duration::zero() || asked_to_stop || with->changes.closed()) {
            if (found->empty()) {
                co_return no_such_task();
            }
            co_return co_await detail_answer(with, std::move(found->front()));
        }
        co_await with->changes.next_change(version, left);
    }
}

} // namespace seedhook::control
