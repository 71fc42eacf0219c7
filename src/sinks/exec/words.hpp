// What a hook is told in its environment, and what its end means. Pure.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/sinks/sink.hpp"
#include "sinks/exec/run.hpp"

#include <string>
#include <vector>

namespace seedhook::exec {

// The argv. With `shell`, the arguments are $1, $2, … of the text.
std::vector<std::string> argv_of(const config::exec_sink& settings, const std::vector<std::string>& arguments);

// NAME=value: PATH and LANG unless `env` has them, `env`, and the SEEDHOOK_ variables, of which each is always there.
// One without a value is empty; so is one longer than 32 KiB, as the kernel refuses long ones (the document has it). A
// NUL, which none can hold, is left out.
std::vector<std::string> environment_of(const config::exec_sink& settings, const delivery& what);

// The same without a delivery, for a probe: only SEEDHOOK_SINK has a value.
std::vector<std::string> environment_of(const config::exec_sink& settings, const std::string& sink);

// What a run comes to. The text's first line is a sentence, and the end of the output follows: 64 KiB, but 4 KiB when
// it was delivered. `video`: the file that it was given, for people.
outcome outcome_of(const hook_end& end, const config::exec_sink& settings, const std::string& video);

} // namespace seedhook::exec
