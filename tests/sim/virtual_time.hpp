// The poll policy at work on virtual time: its own planner and budget, and an API that answers at once.
#pragma once

#include "scenario.hpp"

#include <cstdint>
#include <vector>

namespace seedhook::sim {

inline constexpr std::uint32_t calls_a_minute = 60;

struct knowing { // how one task came to be known as finished
    std::uint32_t calls = 0;
    milliseconds delay = 0; // from finished to known
};

struct history {
    std::vector<knowing> tasks;
    std::vector<milliseconds> calls; // when they were made
    std::uint64_t late_callbacks = 0;
};

history run_policy(const std::vector<task>& tasks, std::uint64_t seed);

// Asking every `interval` from submission on, whatever it costs: no budget.
history run_fixed(const std::vector<task>& tasks, milliseconds interval);

// The most calls within any 60 seconds.
std::size_t most_calls_a_minute(const history& of);

} // namespace seedhook::sim
