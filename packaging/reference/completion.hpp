// Shell completions: commands, options, the words and files that options take, and the ids of tasks that the daemon
// knows.
#pragma once

#include "program.hpp"

#include <string>

namespace seedhook::reference {

std::string bash_completion(const program& of);
std::string zsh_completion(const program& of);
std::string fish_completion(const program& of);

} // namespace seedhook::reference
