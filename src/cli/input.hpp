// What commands are given beside their options: files, standard input, lists of ids, KEY=VALUE.
#pragma once

#include "cli/command.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace seedhook::cli {

// The whole of a file, byte for byte; `-` is standard input.
attempt<std::string> read_input(const std::string& from);

// True when somebody would have to type what is read from standard input.
bool input_is_a_terminal();

// One requestId a line; spaces around it, blank lines and lines that begin with # do not count. A line that is none
// fails, with its number.
attempt<std::vector<std::string>> ids_in_lines(std::string_view text);

// `KEY=VALUE` each; the values are strings. Fails for one without `=` or key, and for a key that comes twice.
attempt<boost::json::object> metadata_of(const std::vector<std::string>& pairs);

} // namespace seedhook::cli
