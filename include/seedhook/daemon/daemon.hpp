// The composition root: builds everything from settings, starts, reloads, drains.
#pragma once

#include "seedhook/config/load.hpp"

#include <functional>
#include <string>

namespace seedhook {

struct daemon_options {
    std::string config_file;                            // as told to the person
    std::function<config::loaded()> reload;             // reads the configuration again (SIGHUP)
};

// Runs until SIGTERM or SIGINT has been obeyed; a second one ends the process at once. Returns the exit code: 0 after
// an orderly stop, 1 when it could not start or the store could not be closed cleanly.
int run_daemon(config::settings settings, daemon_options options);

} // namespace seedhook
