// How long tasks take from submission to their end.
#pragma once

#include "poll/cells.hpp"
#include "poll/fixed_share.hpp"

#include <array>
#include <cstddef>

namespace seedhook::poll {

// Three memories, of the last 150, 600 and 2,400 tasks or so, trusted by how well they foretell: the long one is exact,
// the short one follows a shift. `above` is what holds where little is known yet: the shares of the source as a whole
// for those of a model, the broad prior for those of a source.
class settle_times {
public:
    static constexpr std::array<double, 3> windows{150, 600, 2400};
    struct memory {
        double seen = 0; // the sum of the cells
        cells finished{};
    };
    using memories = std::array<memory, windows.size()>;
    using trust = fixed_share<windows.size()>;

    settle_times() = default;
    settle_times(const memories& remembered, const trust& in) noexcept : memories_(remembered), trust_(in) {}

    // A task took this long.
    void learn_exact(double seconds, const cells& above) noexcept;
    // A task took longer than `after` and no longer than `upto`: it is spread over the time between by what is known
    // of it so far, which is one step of expectation maximization.
    void learn_between(double after, double upto, const cells& above) noexcept;

    // The share of tasks that finish in each cell.
    cells finishing(const cells& above) const noexcept;

    const memories& remembered() const noexcept { return memories_; }
    const trust& trusted() const noexcept { return trust_; }

private:
    void judge(const cells& happened, const cells& above) noexcept;
    void remember(const cells& finished) noexcept;

    memories memories_{};
    trust trust_;
};

} // namespace seedhook::poll
