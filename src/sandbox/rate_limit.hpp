// So many requests a minute.
#pragma once

#include "seedhook/model/time.hpp"

#include <optional>

namespace seedhook::sandbox {

// Windows of a minute, each beginning with the first request after the one before.
class rate_limit {
public:
    explicit rate_limit(unsigned per_minute) : per_minute_(per_minute) {} // 0: no limit

    // Counts a request at `now`. When it is one too many: how long until the next is allowed.
    std::optional<duration> exceeded(time_point now) noexcept {
        constexpr duration window = std::chrono::minutes(1);
        if (per_minute_ == 0) {
            return {};
        }
        if (now >= begin_ + window) {
            begin_ = now;
            count_ = 0;
        }
        if (count_ < per_minute_) {
            ++count_;
            return {};
        }
        return begin_ + window - now;
    }

private:
    unsigned per_minute_;
    unsigned count_ = 0;
    time_point begin_{};
};

} // namespace seedhook::sandbox
