// A schedule is a row of times to ask at. Both what it costs and the chance that a lost task is known at most `delay`
// after its end add up from one time to the next, so for a price of a call the best schedule follows by dynamic
// programming, from its end. For a limit on the calls, the least over all prices of (the best chance at this price +
// the price of the calls allowed) bounds the chance from above (Lagrange duality).
#include "best_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace seedhook::sim {
namespace {

constexpr int grid_size = 700; // from a tenth of the median to where one task in 100,000 is left: 0.6 % apart

struct grid {
    grid(const log_normal& times, double delay) {
        const double first = times.median_seconds / 10;
        const double step = std::pow(times.time_of(1 - 1e-5) / first, 1.0 / (grid_size - 1));
        unfinished.push_back(1);
        unfinished_a_delay_before.push_back(1);
        for (int i = 0; i < grid_size; ++i) {
            const double at = first * std::pow(step, i);
            unfinished.push_back(times.unfinished(at));
            unfinished_a_delay_before.push_back(times.unfinished(at - delay));
        }
    }

    std::vector<double> unfinished; // at each time; the first is the submission
    std::vector<double> unfinished_a_delay_before;
};

// The best of (the chance to know a lost task in time - what the calls cost).
double best_value(const grid& at, double lost, double price) {
    const std::size_t count = at.unfinished.size();
    std::vector<double> from(count, 0.0);
    for (std::size_t i = count - 1; i-- > 0;) {
        double best = -std::numeric_limits<double>::max();
        for (std::size_t j = i + 1; j < count; ++j) {
            const double in_time = std::min(at.unfinished[i], at.unfinished_a_delay_before[j]) - at.unfinished[j];
            const double silent = (1 - lost) * at.unfinished[j] + lost * at.unfinished[i];
            best = std::max(best, in_time - price * silent + from[j]);
        }
        from[i] = best;
    }
    return from.front();
}

bool half_in_time(const log_normal& times, double lost, double calls, double delay) {
    const grid at(times, delay);
    double least = 1;
    for (double price = 0.02; price < 10; price *= 1.1) {
        least = std::min(least, best_value(at, lost, price) + price * calls);
    }
    return least >= 0.5;
}

} // namespace

double least_median_delay(const log_normal& times, double lost, double calls) {
    double low = 0;
    double high = times.median_seconds * 4;
    for (int i = 0; i < 11; ++i) {
        const double middle = (low + high) / 2;
        (half_in_time(times, lost, calls, middle) ? high : low) = middle;
    }
    return low;
}

} // namespace seedhook::sim
