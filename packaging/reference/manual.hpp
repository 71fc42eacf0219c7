// Manual pages: what is written by hand, with the options and commands put in.
#pragma once

#include "program.hpp"

#include <string>

namespace seedhook::reference {

// `text` is a page in man(7)'s language. In it a line `@OPTIONS@` becomes the program's options, `@COMMANDS@` its
// commands with theirs, and `@VERSION@` and `@DATE@` what is given.
std::string manual(std::string text, const program& of, const std::string& version, const std::string& date);

} // namespace seedhook::reference
