// What the end of a task tells about callbacks and about how long tasks take.
#pragma once

#include "seedhook/model/time.hpp"

#include <optional>
#include <string>

namespace seedhook {

// Of a task whose submission we saw.
struct settlement {
    std::string source;
    std::string model; // empty when unknown
    std::string by;    // `callback`, also where that was only why a poll asked; or `poll`
    time_point submitted_at{};
    time_point settled_at{};
    std::optional<time_point> last_unfinished; // the last poll that found the task not finished
    bool late_callback = false;                // a poll had settled it; this is the first callback since
};

} // namespace seedhook
