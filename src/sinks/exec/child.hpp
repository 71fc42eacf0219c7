// The process that becomes the hook.
#pragma once

#include "sinks/exec/order.hpp"

namespace seedhook::exec {

// Where a start failed, as it comes through the pipe.
struct start_failure {
    report::stage stage = report::stage::start;
    std::int32_t number = 0; // errno
};

struct child_descriptors {
    int input = -1;
    int output = -1;
    int failure = -1; // close-on-exec: its end tells that the program runs
};

// Becomes the program of `what`, in a fork of the runner (`runner` is its id). Where that fails, says so and exits.
[[noreturn]] void become_hook(const order& what, const child_descriptors& with, pid_t runner);

} // namespace seedhook::exec
