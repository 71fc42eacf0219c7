// One line an attempt, and its counters.
#include "daemon/outcome_log.hpp"

#include "seedhook/log/log.hpp"
#include "seedhook/sinks/sink.hpp"

#include <chrono>

namespace seedhook {
namespace {

std::string_view result_name(const attempt_report& attempt) {
    switch (attempt.step.state) {
    case job_state::done:
        switch (attempt.claimed.work.key.kind) {
        case job_kind::poll:
            return "finished";
        case job_kind::fetch:
            return "fetched";
        case job_kind::deliver:
            return "delivered";
        }
        break;
    case job_state::pending:
        return "retry";
    case job_state::blocked:
        return "blocked";
    case job_state::rejected:
        return "rejected";
    }
    return "unknown";
}

} // namespace

void tell_outcome(const attempt_report& attempt, metrics& counts) {
    if (std::holds_alternative<interrupted>(attempt.came_to)) {
        return;
    }
    const task& of = attempt.claimed.of;
    const job& work = attempt.claimed.work;
    const std::string_view result = result_name(attempt);
    const std::chrono::duration<double> took = attempt.took;
    const bool well = attempt.step.state == job_state::done || attempt.step.state == job_state::pending;
    const log::level level = well ? log::level::info : log::level::warning;
    const log::field source{"source", of.source};
    const log::field request_id{"request_id", of.request_id};
    const log::field came_to{"result", result};
    const log::field number{"attempt", std::int64_t{work.attempts}};
    const log::field seconds{"seconds", took.count()};
    // A hook's output follows in further lines.
    const log::field note{"note", std::string_view(attempt.step.note).substr(0, attempt.step.note.find('\n'))};
    switch (work.key.kind) {
    case job_kind::poll: // counted with each answer; what it settles is told there
        log::debug("poll", {source, request_id, came_to, number, seconds, note});
        break;
    case job_kind::fetch:
        counts.fetch(result);
        log::write(level, "fetch", {source, request_id, came_to, number, seconds, note});
        break;
    case job_kind::deliver:
        counts.delivery(work.key.sink, result, took.count());
        const std::string id = delivery_id(of.source, of.request_id, work.key.sink);
        log::write(level, "delivery",
                   {source, request_id, {"sink", work.key.sink}, {"delivery_id", id}, came_to, number, seconds, note});
        break;
    }
}

} // namespace seedhook
