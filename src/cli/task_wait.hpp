// Waiting until a task is at rest.
#pragma once

#include "cli/control_client.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace seedhook::cli {

struct task_wait {
    std::string id;
    std::string source;                                        // empty: the one that has the task
    duration limit{0};                                         // 0: the task as it is now
    bool must_exist = false;                                   // else a task that is not there yet may come
    duration look_every = std::chrono::minutes(5);             // at most what the control API grants at once
    std::function<void(const boost::json::object& task)> look; // at the task, each time; may be empty
};

// Done or stuck: nothing more happens to the task by itself.
bool at_rest(const boost::json::object& task);

// The answer for the task once it is at rest, or `limit` is over.
attempt<control_answer> task_after(const daemon_address& daemon, const task_wait& wanted);

} // namespace seedhook::cli
