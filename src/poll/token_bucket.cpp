// A bucket of one token.
#include "seedhook/poll/token_bucket.hpp"

#include <algorithm>

namespace seedhook {
namespace {

// Rounded up, so that a whole minute never holds one more.
std::chrono::nanoseconds interval_of(std::uint32_t per_minute) noexcept {
    constexpr std::int64_t minute = 60'000'000'000;
    const std::int64_t calls = std::max(per_minute, 1U);
    return std::chrono::nanoseconds((minute + calls - 1) / calls);
}

} // namespace

token_bucket::token_bucket(std::uint32_t per_minute, steady_time now) noexcept
    : interval_(interval_of(per_minute)), ready_at_(now + interval_) {}

bool token_bucket::take(steady_time now) noexcept {
    if (now < ready_at_) {
        return false;
    }
    ready_at_ = now + interval_;
    return true;
}

void token_bucket::set(std::uint32_t per_minute, steady_time now) noexcept {
    interval_ = interval_of(per_minute);
    ready_at_ = std::max(ready_at_, now + interval_);
}

} // namespace seedhook
