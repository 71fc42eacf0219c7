// The daemon's environment may hold secrets, and the system shows a process's first one to others.
#pragma once

namespace seedhook::cli {

// Moves the environment into memory of our own and wipes the block that /proc/PID/environ shows. getenv finds
// everything as before, and so does a reload. Before there are threads, or pointers that getenv gave.
void hide_environment();

} // namespace seedhook::cli
