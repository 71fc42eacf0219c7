// What the log and the metrics say of an attempt.
#pragma once

#include "seedhook/metrics/metrics.hpp"
#include "seedhook/work/worker.hpp"

namespace seedhook {

void tell_outcome(const claimed_job& claimed, const outcome& came_to, const next_step& step, metrics& counts,
                  time_point now);

} // namespace seedhook
