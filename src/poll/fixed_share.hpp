// Which of several learners to trust, when one is right for a while and then another.
#pragma once

#include <array>
#include <cstddef>

namespace seedhook::poll {

// The Fixed-Share forecaster (Herbster and Warmuth, "Tracking the Best Expert", Machine Learning 32, 1998): trust goes
// with how likely each held what then happened, and a little of it is handed round each time, so that nobody is ever
// out of the race.
template <std::size_t Count>
class fixed_share {
public:
    static constexpr double handed_round = 0.0001;

    fixed_share() noexcept { trust_.fill(1.0 / Count); }
    explicit fixed_share(const std::array<double, Count>& trust) noexcept : trust_(trust) {}

    // Adds up to 1.
    double operator[](std::size_t learner) const noexcept { return trust_[learner]; }

    // `likelihood` is what each had given the event that has now happened; above 0.
    void judge(const std::array<double, Count>& likelihood) noexcept {
        double total = 0;
        for (std::size_t i = 0; i < Count; ++i) {
            trust_[i] *= likelihood[i];
            total += trust_[i];
        }
        for (double& trust : trust_) {
            trust = (1 - handed_round) * trust / total + handed_round / Count;
        }
    }

private:
    std::array<double, Count> trust_{};
};

} // namespace seedhook::poll
