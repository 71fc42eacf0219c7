// Time as seedhook keeps it: UTC, in milliseconds, read from a clock that tests can turn.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook {

using duration = std::chrono::milliseconds;
using time_point = std::chrono::sys_time<duration>;

class clock {
public:
    virtual ~clock() = default;
    virtual time_point now() const noexcept = 0; // any thread
};

// The machine's wall clock. Lives as long as the process.
const clock& system_clock() noexcept;

// `2026-11-22T10:00:00.000Z` (RFC 3339, always UTC, always three decimals).
std::string to_rfc3339(time_point t);

// `2026-11-22T10:00:00Z`, also with a fraction (cut to milliseconds) or an offset such as `+02:00` (RFC 3339, 5.6);
// nothing for anything else, also for a leap second.
std::optional<time_point> parse_rfc3339(std::string_view text) noexcept;

// `500ms 30s 5m 24h 7d`; nothing for anything else, for a negative value and for one past 100 years.
std::optional<duration> parse_duration(std::string_view text) noexcept;

// The shortest of the forms above that is exact: `90s`, `24h`.
std::string to_string(duration d);

} // namespace seedhook
