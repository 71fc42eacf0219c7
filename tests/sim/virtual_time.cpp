// Events in the order of virtual time.
#include "virtual_time.hpp"

#include "seedhook/poll/planner.hpp"
#include "seedhook/poll/token_bucket.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <queue>
#include <random>
#include <tuple>
#include <utility>

namespace seedhook::sim {
namespace {

constexpr const char* source = "main";
constexpr const char* model = "seedance-2.0";

time_point wall(milliseconds t) { return time_point(std::chrono::days(20'000)) + duration(t); }
milliseconds virtual_of(time_point t) { return (t - wall(0)).count(); }
steady_time steady(milliseconds t) { return steady_time(duration(t)); }
// The next whole millisecond.
milliseconds virtual_of(steady_time t) { return std::chrono::ceil<duration>(t.time_since_epoch()).count(); }

enum class happening { submitted, callback, due, budget };

struct event {
    milliseconds at;
    std::uint64_t order; // among those at one time, the one that was foreseen first comes first
    happening what;
    std::size_t task;

    bool operator>(const event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
};

class simulation {
public:
    simulation(const std::vector<task>& tasks, std::uint64_t seed)
        : tasks_(tasks), asked_(tasks.size()), plan_(make_planner({{source, asking()}})),
          budget_(calls_a_minute, steady(0)), chance_(seed) {
        result_.tasks.resize(tasks.size());
    }

    history run() {
        foresee(tasks_.front().submitted, happening::submitted, 0);
        while (!events_.empty()) {
            const event next = events_.top();
            events_.pop();
            now_ = next.at;
            handle(next);
        }
        return std::move(result_);
    }

private:
    struct asked { // what is known of one task
        bool settled = false;
        std::optional<time_point> unfinished;
    };

    void handle(const event& e) {
        switch (e.what) {
        case happening::submitted:
            submit(e.task);
            break;
        case happening::callback:
            call_back(e.task);
            break;
        case happening::due:
            waiting_.push_back(e.task);
            ask_waiting();
            break;
        case happening::budget:
            woken_at_ = -1;
            ask_waiting();
            break;
        }
    }

    void submit(std::size_t i) {
        if (i + 1 < tasks_.size()) {
            foresee(tasks_[i + 1].submitted, happening::submitted, i + 1);
        }
        if (!tasks_[i].lost) {
            foresee(tasks_[i].finished(), happening::callback, i);
        }
        const time_point at = plan_->first_ask(source, model, wall(tasks_[i].submitted), wall(now_));
        foresee(virtual_of(at), happening::due, i);
    }

    void call_back(std::size_t i) {
        settlement seen = settled_now(i, "callback");
        seen.late_callback = asked_[i].settled;
        result_.late_callbacks += seen.late_callback ? 1 : 0;
        plan_->learn(seen);
        settle(i);
    }

    void ask_waiting() {
        while (!waiting_.empty()) {
            if (asked_[waiting_.front()].settled) {
                waiting_.pop_front();
            } else if (budget_.take(steady(now_))) {
                const std::size_t i = waiting_.front();
                waiting_.pop_front();
                ask(i);
            } else {
                const milliseconds ready = virtual_of(budget_.ready_at());
                if (woken_at_ != ready) {
                    woken_at_ = ready;
                    foresee(ready, happening::budget, 0);
                }
                return;
            }
        }
    }

    void ask(std::size_t i) {
        result_.calls.push_back(now_);
        const std::uint32_t calls = ++result_.tasks[i].calls;
        if (tasks_[i].finished() <= now_) {
            plan_->learn(settled_now(i, "poll"));
            settle(i);
            return;
        }
        asked_[i].unfinished = wall(now_);
        const double jitter = static_cast<double>(chance_() >> 11U) * 0x1.0p-53;
        const time_point at = plan_->next_ask(source, model, wall(tasks_[i].submitted), wall(now_), calls, jitter);
        foresee(virtual_of(at), happening::due, i);
    }

    settlement settled_now(std::size_t i, const char* by) const {
        settlement s;
        s.source = source;
        s.model = model;
        s.by = by;
        s.submitted_at = wall(tasks_[i].submitted);
        s.settled_at = wall(now_);
        s.last_unfinished = asked_[i].unfinished;
        return s;
    }

    void settle(std::size_t i) {
        if (!asked_[i].settled) {
            asked_[i].settled = true;
            result_.tasks[i].delay = now_ - tasks_[i].finished();
        }
    }

    void foresee(milliseconds at, happening what, std::size_t i) { events_.push({at, ++foreseen_, what, i}); }

    const std::vector<task>& tasks_;
    std::vector<asked> asked_;
    std::unique_ptr<planner> plan_;
    token_bucket budget_;
    std::mt19937_64 chance_;
    std::priority_queue<event, std::vector<event>, std::greater<>> events_;
    std::deque<std::size_t> waiting_; // due, and not asked about yet
    milliseconds woken_at_ = -1;
    milliseconds now_ = 0;
    std::uint64_t foreseen_ = 0;
    history result_;
};

} // namespace

history run_policy(const std::vector<task>& tasks, std::uint64_t seed) { return simulation(tasks, seed).run(); }

history run_fixed(const std::vector<task>& tasks, milliseconds interval) {
    history result;
    for (const task& t : tasks) {
        const milliseconds asks_before_end = t.takes / interval;
        const milliseconds found = (t.takes + interval - 1) / interval;
        const milliseconds calls = t.lost ? found : asks_before_end;
        result.tasks.push_back({static_cast<std::uint32_t>(calls), t.lost ? found * interval - t.takes : 0});
        for (milliseconds i = 1; i <= calls; ++i) {
            result.calls.push_back(t.submitted + i * interval);
        }
    }
    std::sort(result.calls.begin(), result.calls.end());
    return result;
}

std::size_t most_calls_a_minute(const history& of) {
    std::size_t most = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < of.calls.size(); ++i) {
        while (of.calls[i] - of.calls[first] >= 60'000) {
            ++first;
        }
        most = std::max(most, i - first + 1);
    }
    return most;
}

} // namespace seedhook::sim
