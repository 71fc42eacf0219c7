// When to try again: the one retry policy, as a pure function.
#pragma once

#include "seedhook/model/job.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace seedhook {

struct retry_policy {
    std::uint32_t max_attempts = 12;
    duration min_delay{std::chrono::seconds(1)};
    duration max_delay{std::chrono::minutes(10)};
    std::optional<duration> blocked_delay{}; // between tries of what is blocked; none: max_delay
};

struct next_step {
    job_state state = job_state::done;
    time_point due_at{};
    bool counts = true; // false: the attempt is taken back
    std::string note;
    std::optional<duration> waited{}; // the job's new `waited`, where the outcome says one
};

// What becomes of `work` after its present attempt came to `came_to`. `jitter` in [0, 1) spreads the delay between
// half of the exponential step and all of it. A peer's own delay is obeyed up to an hour. An attempt that was blocked
// does not count: it goes on for as long as it takes. Neither does one that was interrupted, but for deliveries.
next_step step_after(const job& work, const outcome& came_to, time_point now, const retry_policy& policy,
                     double jitter);

} // namespace seedhook
