// One line an attempt, and its counters.
#include "daemon/outcome_log.hpp"

#include "seedhook/log/log.hpp"

namespace seedhook {
namespace {

std::string_view result_name(const claimed_job& claimed, const next_step& step) {
    switch (step.state) {
    case job_state::done:
        return claimed.work.key.kind == job_kind::fetch ? "fetched" : "delivered";
    case job_state::pending:
        return "retry";
    case job_state::blocked:
        return "blocked";
    case job_state::rejected:
        return "rejected";
    }
    return "unknown";
}

double seconds_since_settled(const task& t, time_point now) {
    const std::chrono::duration<double> d = now - t.settled_at.value_or(now);
    return d.count();
}

} // namespace

void tell_outcome(const claimed_job& claimed, const outcome& came_to, const next_step& step, metrics& counts,
                  time_point now) {
    if (std::holds_alternative<interrupted>(came_to)) {
        return;
    }
    if (claimed.work.key.kind == job_kind::poll) {
        return; // counted with each answer; what it settles is told there
    }
    const std::string_view name = result_name(claimed, step);
    const bool fetch = claimed.work.key.kind == job_kind::fetch;
    if (fetch) {
        counts.fetch(name);
    } else {
        counts.delivery(claimed.work.key.sink, name, seconds_since_settled(claimed.of, now));
    }
    const bool well = step.state == job_state::done || step.state == job_state::pending;
    log::write(well ? log::level::info : log::level::warning, fetch ? "fetch" : "delivery",
               {{"result", name},
                {"source", claimed.of.source},
                {"request_id", claimed.of.request_id},
                {"sink", claimed.work.key.sink},
                {"attempt", std::int64_t{claimed.work.attempts}},
                {"note", std::string_view(step.note).substr(0, step.note.find('\n'))}}); // a hook's output follows
}

} // namespace seedhook
