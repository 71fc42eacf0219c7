// One run of a hook from the daemon's side: starts its runner, and ends it in time.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/model/time.hpp"
#include "sinks/exec/order.hpp"

#include <optional>
#include <string>

namespace seedhook::exec {

// Why a hook was asked to end.
enum class end_reason { none, timed_out, interrupted };

struct hook_end {
    std::optional<report> said; // none: the runner did not live to say it, or could not be started
    std::string output;         // at most most_output bytes, as they came
    end_reason asked = end_reason::none;
    int start_errno = 0; // of starting the runner
};

// Runs the hook of `what`. After `limit`, or when cancelled (`total`), it and all it started are sent SIGTERM, and 10 s
// later SIGKILL; cancelled terminally 2 s later, or at once when SIGTERM went before. Returns once nothing of it is
// left and the runner has been waited for.
awaitable<hook_end> run_hook_of(const order& what, duration limit);

} // namespace seedhook::exec
