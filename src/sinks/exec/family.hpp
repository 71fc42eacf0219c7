// This process's children: runners, and what a runner that was killed left to us.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/unique_fd.hpp"
#include "seedhook/model/time.hpp"

#include <sys/types.h>

#include <chrono>

namespace seedhook::exec {

struct runner {
    int failure = 0; // errno; then there is none
    pid_t pid = -1;
    unique_fd pidfd;
    unique_fd socket;
};

// Has what loses its parent below us become our child, but for the children that are there already. Once is enough.
void adopt_strays();

// Starts this program anew as a runner, which waits for its order. It has no environment, a session of its own, and no
// descriptor of ours but its end of the socket, and standard error.
runner start_runner();

// Waits for a runner that has ended.
void forget_runner(pid_t pid);

constexpr duration patience_with_strays = std::chrono::seconds(5);

// Ends what runners left behind: all our children but runners, and those that were there before. Gives up after
// `limit`.
awaitable<> end_strays(duration limit);

// True while the last call gave up.
bool strays_left() noexcept;

} // namespace seedhook::exec
