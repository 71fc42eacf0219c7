// Health for supervisors, readiness for load balancers, metrics for Prometheus.
#include "control/endpoints.hpp"
#include "control/json.hpp"

#include "seedhook/log/seldom.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

namespace seedhook::control {
namespace {

constexpr std::array stages{task_stage::waiting, task_stage::fetching, task_stage::delivering, task_stage::done,
                            task_stage::stuck};
constexpr std::array kinds{job_kind::poll, job_kind::fetch, job_kind::deliver};

void set_readiness(metrics& counts, const readiness& state) {
    counts.set_ready(state.ready);
    std::uint64_t others = state.degraded.size();
    for (const auto& [kind, count] : state.degraded_kinds) {
        counts.set_degraded(kind, count);
        others -= std::min(others, count);
    }
    counts.set_degraded("other", others);
}

double seconds_since(std::optional<time_point> then, time_point now) {
    return then ? std::max(0.0, std::chrono::duration<double>(now - *then).count()) : 0.0;
}

// Every stage and every kind is set, so that one that has gone to nothing does not keep its last value.
void set_gauges(metrics& counts, const store_counts& held, time_point now) {
    for (const task_stage stage : stages) {
        const auto at = held.tasks.find(stage);
        counts.set_tasks(to_string(stage), at == held.tasks.end() ? 0 : at->second);
    }
    for (const job_kind kind : kinds) {
        job_count sum;
        for (const job_count& lane : held.jobs) {
            if (lane.kind != kind) {
                continue;
            }
            sum.due += lane.due;
            sum.scheduled += lane.scheduled;
            sum.running += lane.running;
            sum.blocked += lane.blocked;
            if (lane.oldest_due && (!sum.oldest_due || *lane.oldest_due < *sum.oldest_due)) {
                sum.oldest_due = lane.oldest_due;
            }
        }
        const std::string_view name = to_string(kind);
        counts.set_jobs(name, "due", sum.due);
        counts.set_jobs(name, "scheduled", sum.scheduled);
        counts.set_jobs(name, "running", sum.running);
        counts.set_jobs(name, "blocked", sum.blocked);
        counts.set_oldest_due(name, seconds_since(sum.oldest_due, now));
    }
}

} // namespace

awaitable<http::response> healthz(shared_context, const http::request&) {
    co_return http::json_response(200, R"({"status":"ok"})");
}

awaitable<http::response> readyz(shared_context with, const http::request&) {
    const readiness state = with->ready();
    co_return http::json_response(state.ready ? 200 : 503, readiness_json(state));
}

awaitable<http::response> read_metrics(shared_context with, const http::request&) {
    const time_point now = with->time.now();
    const auto held = co_await with->tasks.counts(now);
    if (held) {
        set_gauges(with->counts, *held, now);
    } else { // the counters are worth reading just then
        log::write_seldom(log::level::warning, "store did not answer", 1, {{"reason", held.error().message}});
    }
    set_readiness(with->counts, with->ready());
    with->refresh_gauges();
    http::response answer(200, "text/plain; version=0.0.4", with->counts.exposition());
    co_return answer;
}

} // namespace seedhook::control
