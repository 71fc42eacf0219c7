// What is said to the service manager, as sd_notify(3) documents it.
#pragma once

#include "seedhook/control/control.hpp"
#include "seedhook/model/time.hpp"

#include <chrono>
#include <string>

namespace seedhook {

// Whether it works, in one line of modest length for `systemctl status`.
std::string status_of(const readiness& state);

inline constexpr const char* status_while_stopping = "letting work in hand end";

// Each is one datagram. `status`: one line.

// Opening a large store after a crash takes time; the manager grants `at_most` from now on.
std::string starting_message(duration at_most);
std::string ready_message(const std::string& status);
std::string status_message(const std::string& status);
// `now`: of CLOCK_MONOTONIC, so that the manager can tell a late READY=1 from the one that ends this reload.
std::string reloading_message(std::chrono::steady_clock::time_point now);
// Whatever the unit says, the manager grants `at_most`.
std::string stopping_message(duration at_most);
std::string watchdog_message();

} // namespace seedhook
