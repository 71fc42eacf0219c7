// The way to the service manager that started us: sd_notify(3) and sd_watchdog_enabled(3), spoken without libsystemd,
// which would bring compression and cipher libraries into a daemon on the open network for one datagram.
#pragma once

#include "seedhook/model/error.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

namespace seedhook {

// What the environment says of it.
struct service_environment {
    std::optional<std::string> socket; // NOTIFY_SOCKET
    std::optional<std::string> watchdog_usec;
    std::optional<std::string> watchdog_pid;

    // Takes the three out of the environment, so that nothing we start believes they are for it. Before the first
    // thread.
    static service_environment take();
};

// How long the manager waits for a ping before it kills process `self`; nothing when it does not wait for it.
std::optional<std::chrono::microseconds> watchdog_limit(const service_environment& from, int self);

struct notify_address {
    sockaddr_un value{};
    socklen_t size = 0;
};

// `/path` or `@abstract`.
result<notify_address> parse_notify_address(std::string_view text);

class service_manager {
public:
    // Without a socket in `from`, or with one that cannot be used (which is warned of), everything is said to nobody.
    explicit service_manager(const service_environment& from);
    ~service_manager();
    service_manager(const service_manager&) = delete;
    service_manager& operator=(const service_manager&) = delete;

    bool listens() const noexcept { return socket_ >= 0; }
    // Nothing: no pings are waited for.
    std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

    // Waits a second where the manager has too many messages to read; a failure is warned of once.
    void tell(std::string_view message);
    // Does not wait: what cannot be said now will be said anew. True: it was.
    bool tell_now(std::string_view message);

private:
    bool send(std::string_view message, int flags);

    notify_address address_;
    int socket_ = -1; // kept, so that a lack of descriptors silences no ping
    std::optional<std::chrono::microseconds> watchdog_;
    bool complained_ = false;
};

} // namespace seedhook
