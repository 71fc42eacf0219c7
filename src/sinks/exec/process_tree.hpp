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

// Signals a process and everything below it: SIGTERM, parents first; SIGCONT after it, for those that are stopped.
// `child` must be an own child that nobody waits for meanwhile, so that its number cannot become another's; below it no
// process is signalled that was not seen to be a child of one that was.
void terminate_tree(pid_t child);

// The same with SIGKILL, children first; each is stopped before it is looked below, so that it starts no more. What was
// started in the same moment is missed; where this process is their subreaper it is then an own child.
void kill_tree(pid_t child);

} // namespace seedhook::exec
