// Everything that runs, and the order in which it starts, reloads and stops.
#pragma once

#include "daemon/vital_signs.hpp"

#include "seedhook/async/awaitable.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/model/error.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace seedhook {

// Lives on the thread that runs `context`.
class application {
public:
    virtual ~application() = default;

    // Replaces what can be replaced while running: sources, sinks, fetch policy, log level, and the content of the
    // certificate files, which are read when `done` is called. On failure the old stays, as it does when something else
    // was changed beside these, and `done` is not called.
    virtual result<void> reload(const config::settings& settings, std::function<void()> done) = 0;

    // Says in /readyz that a reload was refused; an empty reason takes it back.
    virtual void report_reload(std::string refused_because) = 0;

    // One line on whether it works.
    virtual std::string status() const = 0;

    // The threads it lives by; they refer to it.
    virtual std::vector<vital_part> vital_parts() = 0;

    // Begins the orderly stop; calls `stopped` once it is over.
    virtual void stop(std::function<void()> stopped) = 0;
};

// Opens the store, the spool and every socket, and starts to work.
result<std::unique_ptr<application>> start_application(asio::io_context& context, const config::settings& settings,
                                                       const std::string& version);

} // namespace seedhook
