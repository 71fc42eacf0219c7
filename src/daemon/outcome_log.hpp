// What the log and the metrics say of an attempt.
#pragma once

#include "seedhook/metrics/metrics.hpp"
#include "seedhook/work/worker.hpp"

namespace seedhook {

void tell_outcome(const attempt_report& attempt, metrics& counts);

} // namespace seedhook
