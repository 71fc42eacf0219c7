// Drawing tasks.
#include "scenario.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace seedhook::sim {
namespace {

// The library's own distributions and shuffle may differ from one library to the next; the engine may not.
class dice {
public:
    explicit dice(std::uint64_t seed) : engine_(seed) {}

    double share() { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; } // in [0, 1)

    template <class T>
    void shuffle(std::vector<T>& all) {
        for (std::size_t i = all.size(); i > 1; --i) {
            std::swap(all[i - 1], all[static_cast<std::size_t>(share() * static_cast<double>(i))]);
        }
    }

private:
    std::mt19937_64 engine_;
};

struct fate {
    milliseconds takes;
    bool lost;
};

// The lost ones are stratified by themselves, so that they take as long as the others.
void draw_fates(std::vector<fate>& into, std::size_t count, bool lost, const log_normal& times, dice& chance) {
    for (std::size_t i = 0; i < count; ++i) {
        const double quantile = (static_cast<double>(i) + chance.share()) / static_cast<double>(count);
        into.push_back({std::llround(times.time_of(std::max(quantile, 1e-12)) * 1000), lost});
    }
}

std::vector<fate> draw_half(std::size_t count, double lost, const log_normal& times, dice& chance) {
    const auto lost_ones = static_cast<std::size_t>(std::llround(lost * static_cast<double>(count)));
    std::vector<fate> all;
    draw_fates(all, lost_ones, true, times, chance);
    draw_fates(all, count - lost_ones, false, times, chance);
    chance.shuffle(all);
    return all;
}

} // namespace

double log_normal::unfinished(double seconds) const {
    return seconds <= 0 ? 1 : 0.5 * std::erfc(std::log(seconds / median_seconds) / (sigma * std::sqrt(2.0)));
}

double log_normal::time_of(double finished) const {
    double low = 0;
    double high = median_seconds * 1000;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (1 - unfinished(middle) < finished ? low : high) = middle;
    }
    return high;
}

std::vector<task> draw_tasks(const scenario& of, std::uint64_t seed) {
    dice chance(seed);
    std::vector<fate> fates = draw_half(of.tasks / 2, of.lost, before_shift, chance);
    const std::vector<fate> later = draw_half(of.tasks - of.tasks / 2, of.lost, after_shift, chance);
    fates.insert(fates.end(), later.begin(), later.end());
    std::vector<task> tasks;
    double at = 0;
    for (const fate& drawn : fates) {
        at -= std::log(1 - chance.share()) * 60'000 / tasks_a_minute; // as independent people submit
        tasks.push_back({std::llround(at), drawn.takes, drawn.lost});
    }
    if (of.outage_at > 0) {
        const milliseconds begins = tasks[of.outage_at].submitted;
        for (task& t : tasks) {
            t.lost = t.lost || (t.finished() >= begins && t.finished() < begins + outage_length);
        }
    }
    return tasks;
}

} // namespace seedhook::sim
