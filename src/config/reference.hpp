// The reference of every key, for docs/configuration.md.
#pragma once

#include <string>

namespace seedhook::config {

// A Markdown table of all keys in the order of the tables: full path, what it takes, default, what it is for.
std::string reference_table();

} // namespace seedhook::config
