// One line of a task's history, kept with it.
#pragma once

#include "seedhook/model/task.hpp"

#include <cstdint>
#include <string>

namespace seedhook {

using event_id = std::int64_t; // grows in the order of commits

struct event {
    event_id id = 0;
    task_id task = 0;
    time_point at{};
    std::string kind;   // `tracked settled conflict url fetched delivered retry blocked rejected redeliver`
    std::string detail; // a sentence for a person; may be empty
    std::string body;   // upstream's own bytes where the event came with some; else empty
};

} // namespace seedhook
