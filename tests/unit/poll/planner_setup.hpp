// A planner, and tasks for it to learn from.
#pragma once

#include "seedhook/poll/planner.hpp"

#include <cmath>
#include <memory>
#include <random>
#include <string>

namespace seedhook::test {

inline const time_point planner_now{std::chrono::days(20'000)};

inline duration log_normal_time(std::mt19937& chance, double median_seconds) {
    std::normal_distribution<double> normal(std::log(median_seconds), 0.6);
    return duration(std::llround(std::exp(normal(chance)) * 1000));
}

struct planner_setup {
    static asking_by_source one_source() { return {{"main", asking()}}; }

    void called_back(duration took, const std::string& model = "m") { learn(took, model, "callback", {}); }
    void polled(duration took, std::optional<duration> unfinished = {}, const std::string& model = "m") {
        learn(took, model, "poll", unfinished);
    }
    void came_late() {
        settlement s;
        s.source = "main";
        s.by = "callback";
        s.late_callback = true;
        plan->learn(s);
    }
    // Tasks of which this share are found by a poll, as their callback is lost.
    void learn_many(int tasks, double lost, double median_seconds, const std::string& model = "m") {
        std::bernoulli_distribution loses(lost);
        for (int i = 0; i < tasks; ++i) {
            const duration took = log_normal_time(chance, median_seconds);
            if (loses(chance)) {
                polled(took + took / 10, took - took / 10, model);
            } else {
                called_back(took, model);
            }
        }
    }

    duration first(const std::string& model = "m", const std::string& source = "main") const {
        return plan->first_ask(source, model, planner_now, planner_now) - planner_now;
    }
    duration next(duration age, std::uint32_t asks = 1, double jitter = 0.5) const {
        return plan->next_ask("main", "m", planner_now - age, planner_now, asks, jitter) - planner_now;
    }

    std::mt19937 chance{17};
    std::unique_ptr<planner> plan = make_planner(one_source());

private:
    void learn(duration took, const std::string& model, const char* by, std::optional<duration> unfinished) {
        settlement s;
        s.source = "main";
        s.model = model;
        s.by = by;
        s.submitted_at = planner_now;
        s.settled_at = planner_now + took;
        if (unfinished) {
            s.last_unfinished = planner_now + *unfinished;
        }
        plan->learn(s);
    }
};

// The share of tasks finished by then.
inline double log_normal_finished(duration age, double median_seconds) {
    const double z = std::log(std::chrono::duration<double>(age).count() / median_seconds) / 0.6;
    return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

} // namespace seedhook::test
