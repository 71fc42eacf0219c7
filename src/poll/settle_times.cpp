// Histograms that forget.
#include "poll/settle_times.hpp"

#include <algorithm>

namespace seedhook::poll {
namespace {

// What is known from above weighs as much as this many tasks.
constexpr double weight_above = 3;
// A time is foretold when it is foretold to a tenth.
constexpr double near = 0.1;
// Less than this much of a task is none: left to shrink, it would come to the numbers that processors are slow with.
constexpr double forgotten = 1e-12;

} // namespace

void settle_times::learn_exact(double seconds, const cells& above) noexcept {
    judge(overlap(seconds * (1 - near), seconds * (1 + near)), above);
    cells finished{};
    finished[cell_at(seconds)] = 1;
    remember(finished);
}

void settle_times::learn_between(double after, double upto, const cells& above) noexcept {
    const cells happened = overlap(after, upto);
    cells finished = finishing(above);
    double total = 0;
    for (std::size_t i = 0; i < cell_count; ++i) {
        finished[i] *= happened[i];
        total += finished[i];
    }
    if (!(total > 0)) {
        return;
    }
    for (double& share : finished) {
        share /= total;
    }
    judge(happened, above);
    remember(finished);
}

cells settle_times::finishing(const cells& above) const noexcept {
    cells all{};
    for (std::size_t w = 0; w < windows.size(); ++w) {
        const memory& m = memories_[w];
        const double scale = trust_[w] / (m.seen + weight_above);
        for (std::size_t i = 0; i < cell_count; ++i) {
            all[i] += scale * (m.finished[i] + weight_above * above[i]);
        }
    }
    return all;
}

void settle_times::judge(const cells& happened, const cells& above) noexcept {
    std::array<double, windows.size()> likelihood{};
    for (std::size_t i = 0; i < cell_count; ++i) {
        if (happened[i] > 0) { // few, for a callback: it comes within a request
            for (std::size_t w = 0; w < windows.size(); ++w) {
                likelihood[w] += happened[i] * (memories_[w].finished[i] + weight_above * above[i]);
            }
        }
    }
    for (std::size_t w = 0; w < windows.size(); ++w) {
        likelihood[w] = std::max(likelihood[w] / (memories_[w].seen + weight_above), 1e-9);
    }
    trust_.judge(likelihood);
}

void settle_times::remember(const cells& finished) noexcept {
    for (std::size_t w = 0; w < windows.size(); ++w) {
        memory& m = memories_[w];
        const double kept = 1 - 1 / windows[w];
        m.seen = m.seen * kept + 1;
        for (std::size_t i = 0; i < cell_count; ++i) {
            const double now = m.finished[i] * kept + finished[i];
            m.finished[i] = now < forgotten ? 0 : now;
        }
    }
}

} // namespace seedhook::poll
