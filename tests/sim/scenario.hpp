// What befalls the tasks of the simulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seedhook::sim {

using milliseconds = std::int64_t; // since the simulation began

struct task {
    milliseconds submitted = 0;
    milliseconds takes = 0;
    bool lost = false; // its callback never comes

    milliseconds finished() const { return submitted + takes; }
};

// The distribution that all settle times are drawn from.
struct log_normal {
    double median_seconds = 90;
    double sigma = 0.6;

    double unfinished(double seconds) const; // the share of tasks not finished by then
    double time_of(double finished) const;   // the inverse, in seconds
};

struct scenario {
    const char* name = "";
    std::size_t tasks = 100'000;
    double lost = 0;
    std::size_t outage_at = 0; // the task whose submission begins an hour in which all callbacks are lost; 0: none
};

inline constexpr log_normal before_shift{90, 0.6};
inline constexpr log_normal after_shift{240, 0.6}; // from half of the tasks on
inline constexpr double tasks_a_minute = 10;
inline constexpr milliseconds outage_length = 3'600'000;

// Settle times, and which callbacks are lost, are stratified over each half (the i-th of n settle times is drawn from
// the i-th n-th of the distribution, then all are shuffled): a figure measured over a half differs from the policy's
// true one by little, and one task's fate still tells nothing of the next one's.
std::vector<task> draw_tasks(const scenario& of, std::uint64_t seed);

} // namespace seedhook::sim
