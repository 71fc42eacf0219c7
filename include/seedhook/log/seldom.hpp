// Log lines for what may come without end, such as a stranger's doing: one a minute, and how many more there were.
#pragma once

#include "seedhook/log/log.hpp"

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace seedhook::log {

// Like `write`, but of lines with the same message and the same first `alike` fields one is written a minute;
// `tell_suppressed` says how many were not. At `debug` all are written.
void write_seldom(level l, std::string_view message, std::size_t alike, std::initializer_list<field> fields) noexcept;

// Writes `lines suppressed` for those whose minute is over. Cheap when there are none: for a loop that looks around.
// `flush_and_stop` does it for all.
void tell_suppressed() noexcept;

} // namespace seedhook::log
