// So many requests in a stretch of time.
#pragma once

#include "seedhook/model/time.hpp"

#include <optional>

namespace seedhook::sandbox {

// Windows of equal length, each beginning with the first request after the one before.
class rate_limit {
public:
    rate_limit(unsigned most, duration window) : most_(most), window_(window) {} // 0: no limit

    // Counts a request at `now`. When it is one too many: how long until the next is allowed.
    std::optional<duration> exceeded(time_point now) noexcept {
        if (most_ == 0) {
            return {};
        }
        if (now >= begin_ + window_) {
            begin_ = now;
            count_ = 0;
        }
        if (count_ < most_) {
            ++count_;
            return {};
        }
        return begin_ + window_ - now;
    }

private:
    unsigned most_;
    duration window_;
    unsigned count_ = 0;
    time_point begin_{};
};

} // namespace seedhook::sandbox
