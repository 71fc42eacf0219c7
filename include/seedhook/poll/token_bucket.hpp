// How many calls a source may cost.
#pragma once

#include <chrono>
#include <cstdint>

namespace seedhook {

using steady_time = std::chrono::steady_clock::time_point;

// Holds one token and begins with none: calls come one by one, `60 s / per_minute` apart, the first as late after the
// start. So no 60 seconds see more than `per_minute` calls, however often the daemon crashes and starts in them.
class token_bucket {
public:
    // `per_minute` is at least 1.
    token_bucket(std::uint32_t per_minute, steady_time now) noexcept;

    steady_time ready_at() const noexcept { return ready_at_; }

    // Takes the token if it is there.
    bool take(steady_time now) noexcept;

    // A new budget; the token that is on its way comes no sooner than under the old one or under the new one.
    void set(std::uint32_t per_minute, steady_time now) noexcept;

private:
    std::chrono::nanoseconds interval_;
    steady_time ready_at_;
};

} // namespace seedhook
