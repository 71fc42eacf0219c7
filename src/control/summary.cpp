// The state of it all on one page: tasks by stage, sinks and what came of them, rates.
#include "control/endpoints.hpp"
#include "control/query.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace seedhook::control {
namespace {

namespace json = boost::json;

json::array texts(const std::vector<std::string>& all) {
    json::array out;
    for (const std::string& one : all) {
        out.emplace_back(one);
    }
    return out;
}

json::array numbers(const std::vector<std::uint64_t>& all) {
    json::array out;
    for (const std::uint64_t one : all) {
        out.emplace_back(one);
    }
    return out;
}

json::object by_stage(const store_counts& held) {
    json::object out;
    for (const auto& [stage, count] : held.tasks) {
        out[to_string(stage)] = count;
    }
    return out;
}

void add_lane(json::object& out, const job_count& lane, time_point now) {
    out["due"] = lane.due;
    out["scheduled"] = lane.scheduled;
    out["running"] = lane.running;
    out["blocked"] = lane.blocked;
    out["blockedBecause"] = lane.blocked_note;
    const auto waits = lane.oldest_due && *lane.oldest_due < now ? now - *lane.oldest_due : duration::zero();
    out["oldestDueSeconds"] = std::chrono::floor<std::chrono::seconds>(waits).count();
}

json::value last_of(const std::optional<sink_news::last>& last) {
    if (!last) {
        return nullptr;
    }
    json::object out;
    out["at"] = to_rfc3339(last->at);
    out["source"] = last->source;
    out["requestId"] = last->request_id;
    out["note"] = last->note;
    return out;
}

// With the deliveries that wait for each, also of a sink that is no longer configured.
json::array sinks_of(const control_context& with, const store_counts& held, time_point now) {
    std::vector<sink_news> all = with.sinks();
    for (const job_count& lane : held.jobs) {
        const auto same = [&lane](const sink_news& s) { return s.name == lane.sink; };
        if (lane.kind == job_kind::deliver && std::none_of(all.begin(), all.end(), same)) {
            all.emplace_back().name = lane.sink;
        }
    }
    json::array out;
    for (const sink_news& s : all) {
        const auto waiting = std::find_if(held.jobs.begin(), held.jobs.end(), [&s](const job_count& lane) {
            return lane.kind == job_kind::deliver && lane.sink == s.name;
        });
        json::object one;
        one["name"] = s.name;
        one["type"] = s.type;
        add_lane(one, waiting == held.jobs.end() ? job_count() : *waiting, now);
        one["delivered"] = s.delivered;
        one["failed"] = s.failed;
        one["lastDelivered"] = last_of(s.last_delivered);
        one["lastFailed"] = last_of(s.last_failed);
        out.emplace_back(std::move(one));
    }
    return out;
}

json::object fetching(const store_counts& held, time_point now) {
    const auto lane = std::find_if(held.jobs.begin(), held.jobs.end(),
                                   [](const job_count& one) { return one.kind == job_kind::fetch; });
    json::object out;
    add_lane(out, lane == held.jobs.end() ? job_count() : *lane, now);
    return out;
}

json::object rates_of(const recent_rates& recent) {
    json::object out;
    out["spanSeconds"] = std::chrono::floor<std::chrono::seconds>(recent.span).count();
    out["callbacks"] = numbers(recent.callbacks);
    out["settled"] = numbers(recent.settled);
    out["delivered"] = numbers(recent.delivered);
    out["fetchedBytes"] = numbers(recent.fetched_bytes);
    return out;
}

} // namespace

awaitable<http::response> summary(shared_context with, const http::request& asked) {
    if (auto sound = check_query(asked.query, {}); !sound) {
        co_return bad_request(sound.error().message);
    }
    const time_point now = with->time.now();
    const auto held = co_await with->tasks.counts(now);
    if (!held) {
        co_return store_failure(held.error());
    }
    const readiness state = with->ready();
    json::object out;
    out["version"] = with->version;
    out["at"] = to_rfc3339(now);
    out["ready"] = state.ready;
    out["reasons"] = texts(state.not_ready);
    out["degraded"] = texts(state.degraded);
    out["sources"] = texts(with->sources());
    out["tasks"] = by_stage(*held);
    out["fetch"] = fetching(*held, now);
    out["sinks"] = sinks_of(*with, *held, now);
    out["rates"] = rates_of(with->rates());
    co_return http::json_response(200, json::serialize(out));
}

} // namespace seedhook::control
