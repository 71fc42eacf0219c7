// The processes below this one: everything that its children started, also in sessions of their own.
#pragma once

#include <sys/types.h>

#include <vector>

namespace seedhook::exec {

// Children of all threads of this process, those that have ended and were not waited for among them. Empty, too, where
// /proc does not tell.
std::vector<pid_t> own_children();

// False where /proc is missing or does not tell children.
bool can_see_children();

// Sends SIGTERM to a process and everything below it. Each is stopped before it is looked below, so that it neither
// ends nor starts more meanwhile, and goes on (SIGCONT) after those below it: no shell gets to its next command because
// the present one was ended. `child` must be an own child that nobody waits for meanwhile, so that its number cannot
// become another's; below it no process is signalled that was not seen to be a child of one that was.
void terminate_tree(pid_t child);

// The same with SIGKILL. What was started in the very moment of the look is missed; where this process is their
// subreaper it is then an own child.
void kill_tree(pid_t child);

} // namespace seedhook::exec
