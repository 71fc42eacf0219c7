// The share of callbacks that never come.
#pragma once

#include "poll/fixed_share.hpp"

#include <array>
#include <cstddef>

namespace seedhook::poll {

// Three memories, of the last 50, 300 and 3,000 tasks or so, trusted by how well they foretell: the long one is steady,
// the short one sees an outage begin and end.
class lost_share {
public:
    static constexpr std::array<double, 3> windows{50, 300, 3000};
    struct memory {
        double seen = 0;
        double lost = 0; // of these
    };
    using memories = std::array<memory, windows.size()>;
    using trust = fixed_share<windows.size()>;

    lost_share() = default;
    lost_share(const memories& remembered, const trust& in) noexcept : memories_(remembered), trust_(in) {}

    void learn(bool lost) noexcept;
    // One that was counted as lost was only late.
    void take_back() noexcept;

    // Above 0 and below 1.
    double value() const noexcept;

    const memories& remembered() const noexcept { return memories_; }
    const trust& trusted() const noexcept { return trust_; }

private:
    memories memories_{};
    trust trust_;
};

} // namespace seedhook::poll
