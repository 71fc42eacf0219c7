// What any schedule of asking could reach at best, were the distribution of settle times known.
#pragma once

#include "scenario.hpp"

namespace seedhook::sim {

// The least median delay of the lost ones, in seconds, among all schedules of at most `calls` calls a task on average
// that find every one of them, randomized ones too. For a distribution whose median is `k` times as long it is `k`
// times as long.
double least_median_delay(const log_normal& times, double lost, double calls);

} // namespace seedhook::sim
