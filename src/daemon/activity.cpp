// Stock is taken of counters that are there anyway: what happens costs nothing more.
#include "daemon/activity.hpp"

#include "seedhook/async/time_limit.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace seedhook {
namespace {

constexpr duration span = std::chrono::seconds(10);
constexpr std::size_t spans_kept = 90; // a quarter of an hour
constexpr std::size_t longest_note = 300;

std::uint64_t whole(double count) { return static_cast<std::uint64_t>(std::max(0.0, count)); }

// The first line: a hook's output may follow.
std::string short_note(const std::string& note) { return note.substr(0, std::min(note.find('\n'), longest_note)); }

} // namespace

activity::stock activity::take_stock() const {
    return {whole(counts_.total("seedhook_callbacks_total")), whole(counts_.total("seedhook_settled_total")),
            delivered_, whole(counts_.total("seedhook_fetch_bytes_total"))};
}

awaitable<> activity::watch() {
    last_ = take_stock();
    for (bool goes_on = true; goes_on;) {
        goes_on = co_await sleep_for(span);
        const stock now = take_stock();
        stock& added = spans_.emplace_back();
        for (std::size_t i = 0; i < kinds; ++i) {
            added[i] = now[i] - std::min(now[i], last_[i]);
        }
        last_ = now;
        if (spans_.size() > spans_kept) {
            spans_.pop_front();
        }
    }
}

void activity::finished(const attempt_report& attempt, time_point now) {
    const auto& [work, task] = attempt.claimed;
    const auto known = sinks_.find(work.key.sink);
    if (work.key.kind != job_kind::deliver || known == sinks_.end() ||
        std::holds_alternative<interrupted>(attempt.came_to)) {
        return;
    }
    sink_news& of = known->second;
    sink_news::last last{now, task.source, task.request_id, short_note(attempt.step.note)};
    if (attempt.step.state == job_state::done) {
        ++delivered_;
        ++of.delivered;
        of.last_delivered = std::move(last);
    } else {
        ++of.failed;
        of.last_failed = std::move(last);
    }
}

void activity::set_sinks(const std::vector<config::sink>& configured) {
    std::map<std::string, sink_news> before = std::exchange(sinks_, {});
    order_.clear();
    for (const config::sink& s : configured) {
        order_.push_back(s.name);
        sink_news& of = sinks_[s.name] = std::move(before[s.name]);
        of.name = s.name;
        of.type = s.type;
    }
}

std::vector<sink_news> activity::sinks() const {
    std::vector<sink_news> all;
    for (const std::string& name : order_) {
        all.push_back(sinks_.at(name));
    }
    return all;
}

recent_rates activity::rates() const {
    recent_rates out;
    out.span = span;
    for (const stock& one : spans_) {
        out.callbacks.push_back(one[0]);
        out.settled.push_back(one[1]);
        out.delivered.push_back(one[2]);
        out.fetched_bytes.push_back(one[3]);
    }
    return out;
}

} // namespace seedhook
