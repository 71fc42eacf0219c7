// Trying out a configuration: the store, the spool, certificates, sinks, API keys, and the running daemon's listeners.
#pragma once

#include "seedhook/config/config.hpp"

#include <string>
#include <vector>

namespace seedhook {

struct finding {
    enum class verdict { well, warning, failed };
    verdict how = verdict::failed;
    std::string name; // what was tried: `sink archive`
    std::string says; // one sentence for a person; may hold what others wrote
};

// Tries everything side by side and returns within half a minute; a running daemon is asked and not disturbed.
// What hangs in the system for longer is left behind with its threads: the process should end soon.
std::vector<finding> examine(const config::settings& settings);

} // namespace seedhook
