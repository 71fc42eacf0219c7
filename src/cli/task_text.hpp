// Tasks of the control API as text for people. What is missing or of another type shows as `-`, never as a fault: the
// daemon may be newer than the command.
#pragma once

#include "seedhook/model/time.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>

namespace seedhook::cli {

// The list, one line a task. `now` gives the ages.
std::string tasks_table(const boost::json::array& tasks, time_point now);

// One task with its deliveries, jobs and events.
std::string task_details(const boost::json::object& task);

} // namespace seedhook::cli
