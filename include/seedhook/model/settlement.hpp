// What is learnt from when a task's end became known: how long its model takes, and whether callbacks come.
#pragma once

#include "seedhook/model/time.hpp"

#include <optional>
#include <string>

namespace seedhook {

struct settlement {
    std::string source;
    std::string model; // empty when unknown
    std::string by;    // `callback` or `poll`
    time_point submitted_at{};
    time_point settled_at{};
    std::optional<time_point> last_unfinished; // when a poll last found it unfinished
    bool late_callback = false;                // the callback of a task that a poll had settled before
};

} // namespace seedhook
