// The composition root: builds everything from settings, starts, reloads, drains.
#pragma once

#include "seedhook/config/load.hpp"

#include <functional>
#include <string>

namespace seedhook {

struct daemon_options {
    std::string version;                    // told in the log and the metrics
    std::function<config::loaded()> reload; // reads the configuration again (SIGHUP)
};

// Runs until SIGTERM or SIGINT has been obeyed; a second one ends the process at once, with 1. Returns the exit code: 0
// after an orderly stop, 1 when it could not start (the log says why).
int run_daemon(config::settings settings, daemon_options options);

} // namespace seedhook
