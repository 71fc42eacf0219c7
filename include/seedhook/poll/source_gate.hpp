// When the next call to a source's API may go out: its budget, and what the API's answers ask of us.
#pragma once

#include "seedhook/model/time.hpp"
#include "seedhook/poll/token_bucket.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace seedhook {

// Pure: the caller says what time it is. One thread. A call is admitted, and then reported once.
class source_gate {
public:
    source_gate(std::uint32_t calls_per_minute, steady_time now) noexcept : budget_(calls_per_minute, now) {}

    // The earliest time at which `admit` says yes, unless a report comes between.
    steady_time next_call() const noexcept;

    // True: a call may go out now, and the budget has paid for it.
    bool admit(steady_time now) noexcept;

    // What became of a call.
    void answered() noexcept; // the API knew the key and did its work: 2xx, and 404 too
    // 429: no call until that is over. Without `Retry-After` a minute, and an hour at the most.
    void throttled(steady_time now, std::optional<duration> retry_after) noexcept;
    // 401: no call but a probe every 5 minutes, until one is answered.
    void unauthorized(steady_time now) noexcept;
    // 5xx, no connection, no sense: no call for a while that doubles from 1 second to 5 minutes, `jitter` in [0, 1)
    // spreading it between half and all. Calls that were under way together count once.
    void failed(steady_time now, std::string why, double jitter);

    // After a reload: forgets what the API said, but not what the budget has paid; and not a 429 to the same API and
    // key (`same_api`), which does not become untrue.
    void reset(std::uint32_t calls_per_minute, steady_time now, bool same_api) noexcept;

    // What a person should know of, for /readyz. A 429 only when its pause is a long one.
    std::optional<std::string> degraded(steady_time now) const;

private:
    enum class standing { open, unauthorized, failing };

    void pause(steady_time until) noexcept;

    token_bucket budget_;
    steady_time paused_until_ = steady_time::min();
    steady_time throttled_until_ = steady_time::min(); // of which by a 429
    bool throttled_for_long_ = false;
    standing standing_ = standing::open;
    std::uint32_t failures_ = 0; // in a row
    std::string why_;            // of the last
};

} // namespace seedhook
