// The poll policy: what is known of each source, and the times that follow from it.
#include "seedhook/poll/planner.hpp"

#include "poll/knowledge.hpp"
#include "poll/knowledge_text.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace seedhook {
namespace {

using namespace std::chrono_literals;
using poll::cells;
using poll::knowledge;
using poll::unfinished_curve;

// A call is worth it when the chance that it finds the task finished reaches this.
constexpr double worth_a_call = 0.339;
// However few callbacks are lost: a call for every hundred tasks keeps watch for an outage.
constexpr double least_lost_share = 0.005;
constexpr duration shortest_interval = 2s;
constexpr duration longest_age = std::chrono::days(7);

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }
duration from_seconds(double s) { return std::chrono::ceil<duration>(std::chrono::duration<double>(s)); }

// How old a task is. A clock may have jumped since it was submitted.
duration age(time_point submitted_at, time_point now) {
    return std::clamp(now - submitted_at, duration::zero(), longest_age);
}

// The age at which the chance that a silent task is finished is worth a call, once it was unfinished at `asked`, or
// never asked about. With L the lost share and F the share of such tasks finished by then, the chance is
// LF / (LF + 1 - F); it reaches w where 1 - F = 1 - w / (w + L(1 - w)).
duration worth_asking_at(const unfinished_curve& unfinished, double lost, duration asked) {
    const double share = std::max(lost, least_lost_share);
    const double still_unfinished = 1 - worth_a_call / (worth_a_call + share * (1 - worth_a_call));
    return from_seconds(unfinished.falls_to(unfinished.at(seconds(asked)) * still_unfinished));
}

// Where tasks take as long as that themselves, asking so often would be waste: then up to two and a half times the
// median.
duration longest_interval(const unfinished_curve& unfinished, duration max_interval) {
    return std::max(max_interval, from_seconds(2.5 * unfinished.falls_to(0.5)));
}

double lost_share(const knowledge& known, callbacks where) {
    return where == callbacks::here ? known.lost().value() : 1.0;
}

duration doubled(duration first, std::uint32_t times, duration most) {
    const double step = static_cast<double>(first.count()) * static_cast<double>(1ULL << std::min(times, 40U));
    return duration(static_cast<duration::rep>(std::min(step, static_cast<double>(most.count()))));
}

duration scaled(duration d, double by) {
    return duration(static_cast<duration::rep>(static_cast<double>(d.count()) * by));
}

class learning_planner final : public planner {
public:
    explicit learning_planner(asking_by_source sources) { configure(std::move(sources)); }

    time_point first_ask(std::string_view source, std::string_view model, time_point submitted_at, time_point now,
                         callbacks where) const override {
        const std::lock_guard guard(mutex_);
        const asking how = asking_of(source);
        const time_point since = std::min(submitted_at, now);
        if (how.first_after) {
            return std::max(now, since + *how.first_after);
        }
        const knowledge& known = knowledge_of(source);
        const unfinished_curve unfinished(known.finishing(model));
        return std::max(now, since + worth_asking_at(unfinished, lost_share(known, where), duration::zero()));
    }

    time_point next_ask(std::string_view source, std::string_view model, time_point submitted_at, time_point now,
                        std::uint32_t asks, double jitter, callbacks where) const override {
        const std::lock_guard guard(mutex_);
        const asking how = asking_of(source);
        if (how.first_after) {
            const duration step = doubled(std::max(*how.first_after, shortest_interval), asks, how.max_interval);
            return now + std::max(scaled(step, 0.8 + 0.2 * jitter), shortest_interval);
        }
        const knowledge& known = knowledge_of(source);
        const unfinished_curve unfinished(known.finishing(model));
        const duration asked = age(submitted_at, now);
        const duration step = worth_asking_at(unfinished, lost_share(known, where), asked) - asked;
        const duration longest = longest_interval(unfinished, how.max_interval);
        return now + std::clamp(scaled(step, 0.95 + 0.1 * jitter), shortest_interval, longest);
    }

    void learn(const settlement& seen) override {
        const std::lock_guard guard(mutex_);
        const auto known = known_.find(seen.source);
        if (known == known_.end()) {
            return;
        }
        if (seen.late_callback) {
            known->second.take_back_lost();
            return;
        }
        const bool polled = seen.by == "poll";
        known->second.learn_lost(polled);
        const duration took = seen.settled_at - seen.submitted_at;
        if (took < duration::zero() || took > longest_age) {
            return;
        }
        if (!polled) {
            known->second.learn_exact(seen.model, seconds(took));
            return;
        }
        const duration unfinished = seen.last_unfinished.value_or(seen.submitted_at) - seen.submitted_at;
        if (unfinished >= duration::zero() && unfinished < took) {
            known->second.learn_between(seen.model, seconds(unfinished), seconds(took));
        }
    }

    void configure(asking_by_source sources) override {
        const std::lock_guard guard(mutex_);
        std::erase_if(known_, [&sources](const auto& of) { return !sources.contains(of.first); });
        for (const auto& [name, how] : sources) {
            known_.try_emplace(name);
        }
        sources_ = std::move(sources);
    }

    std::string save() const override {
        const std::lock_guard guard(mutex_);
        return poll::to_text(known_);
    }

    bool restore(std::string_view text) override {
        auto learnt = poll::from_text(text);
        if (!learnt) {
            return false;
        }
        const std::lock_guard guard(mutex_);
        for (auto& [name, known] : known_) {
            if (const auto found = learnt->find(name); found != learnt->end()) {
                known = std::move(found->second);
            }
        }
        return true;
    }

private:
    asking asking_of(std::string_view source) const {
        const auto found = sources_.find(source);
        return found == sources_.end() ? asking() : found->second;
    }

    const knowledge& knowledge_of(std::string_view source) const {
        static const knowledge nothing;
        const auto found = known_.find(source);
        return found == known_.end() ? nothing : found->second;
    }

    mutable std::mutex mutex_;
    asking_by_source sources_;
    poll::knowledge_by_source known_;
};

} // namespace

std::unique_ptr<planner> make_planner(asking_by_source sources) {
    return std::make_unique<learning_planner>(std::move(sources));
}

} // namespace seedhook
