// The manager's messages: lines of NAME=value.
#include "daemon/service_message.hpp"

#include "seedhook/model/text.hpp"

#include <utility>

namespace seedhook {
namespace {

constexpr std::size_t longest_status = 500;

std::string microseconds(std::chrono::microseconds span) { return std::to_string(span.count()); }

void add_reasons(std::string& to, const std::vector<std::string>& reasons) {
    for (const std::string& why : reasons) {
        to += (&why == &reasons.front() ? ": " : "; ") + why;
    }
}

} // namespace

std::string status_of(const readiness& state) {
    std::string status = "taking callbacks";
    if (!state.ready) {
        status = "not ready";
        add_reasons(status, state.not_ready);
    } else if (!state.degraded.empty()) {
        status += ", degraded";
        add_reasons(status, state.degraded);
    }
    return shortened(printable(status), longest_status);
}

std::string starting_message(duration at_most) {
    return "STATUS=opening the store\nEXTEND_TIMEOUT_USEC=" + microseconds(at_most);
}

std::string ready_message(const std::string& status) { return "READY=1\n" + status_message(status); }

std::string status_message(const std::string& status) { return "STATUS=" + status; }

std::string reloading_message(std::chrono::steady_clock::time_point now) {
    const auto since_boot = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    return "RELOADING=1\nMONOTONIC_USEC=" + microseconds(since_boot) + "\nSTATUS=reading the configuration again";
}

std::string stopping_message(duration at_most) {
    return "STOPPING=1\n" + status_message(status_while_stopping) + "\nEXTEND_TIMEOUT_USEC=" + microseconds(at_most);
}

std::string watchdog_message() { return "WATCHDOG=1"; }

} // namespace seedhook
