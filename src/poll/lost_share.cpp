// Counting lost callbacks, and forgetting.
#include "poll/lost_share.hpp"

#include <algorithm>

namespace seedhook::poll {
namespace {

// As though of one task seen before all others three tenths had been lost: a first guess that a few tasks outweigh.
constexpr double prior_seen = 1;
constexpr double prior_lost = 0.3;

double share_of(const lost_share::memory& m) noexcept { return (m.lost + prior_lost) / (m.seen + prior_seen); }

} // namespace

void lost_share::learn(bool lost) noexcept {
    std::array<double, windows.size()> likelihood{};
    for (std::size_t i = 0; i < windows.size(); ++i) {
        memory& m = memories_[i];
        likelihood[i] = lost ? share_of(m) : 1 - share_of(m);
        const double kept = 1 - 1 / windows[i];
        m.seen = m.seen * kept + 1;
        m.lost = m.lost * kept + (lost ? 1 : 0);
    }
    trust_.judge(likelihood);
}

void lost_share::take_back() noexcept {
    for (memory& m : memories_) {
        m.lost = std::max(m.lost - 1, 0.0);
    }
}

double lost_share::value() const noexcept {
    double value = 0;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        value += trust_[i] * share_of(memories_[i]);
    }
    return value;
}

} // namespace seedhook::poll
