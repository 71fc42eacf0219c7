// The settings that a running daemon cannot change: its sockets, its store, its spool, its threads.
#pragma once

#include "seedhook/config/config.hpp"

#include <string>

namespace seedhook {

// The names of those that differ, for a person: `listeners, spool`. Empty: none does.
std::string changes_that_need_a_restart(const config::settings& running, const config::settings& wanted);

} // namespace seedhook
