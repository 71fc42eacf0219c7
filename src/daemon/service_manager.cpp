// Finding the service manager's socket and sending to it.
#include "daemon/service_manager.hpp"

#include "seedhook/log/log.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <sys/time.h>
#include <unistd.h>

namespace seedhook {
namespace {

std::optional<std::string> take_variable(const char* name) {
    const char* const text = std::getenv(name);
    std::optional<std::string> value;
    if (text != nullptr) {
        value = text;
        ::unsetenv(name);
    }
    return value;
}

std::optional<std::int64_t> positive_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = fault == std::errc() && stop == text.data() + text.size();
    return whole && value > 0 ? std::optional(value) : std::nullopt;
}

} // namespace

service_environment service_environment::take() {
    service_environment taken;
    taken.socket = take_variable("NOTIFY_SOCKET");
    taken.watchdog_usec = take_variable("WATCHDOG_USEC");
    taken.watchdog_pid = take_variable("WATCHDOG_PID");
    return taken;
}

std::optional<std::chrono::microseconds> watchdog_limit(const service_environment& from, int self) {
    const bool for_another = from.watchdog_pid && positive_number(*from.watchdog_pid) != self;
    if (!from.watchdog_usec || for_another) {
        return {};
    }
    const std::optional<std::int64_t> limit = positive_number(*from.watchdog_usec);
    return limit ? std::optional(std::chrono::microseconds(*limit)) : std::nullopt;
}

result<notify_address> parse_notify_address(std::string_view text) {
    notify_address address;
    const bool abstract = text.starts_with('@');
    if (text.size() < 2 || !(abstract || text.starts_with('/')) || text.size() >= sizeof address.value.sun_path) {
        return error(errc::invalid, "NOTIFY_SOCKET is neither a path nor an abstract name that can be sent to");
    }
    address.value.sun_family = AF_UNIX;
    std::memcpy(address.value.sun_path, text.data(), text.size());
    address.value.sun_path[0] = abstract ? '\0' : '/';
    // An abstract name has no end but its length.
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + (abstract ? 0 : 1));
    return address;
}

service_manager::service_manager(const service_environment& from) {
    if (!from.socket) {
        return;
    }
    const result<notify_address> address = parse_notify_address(*from.socket);
    if (!address) {
        log::warning("nothing can be said to the service manager",
                     {{"reason", std::string_view(address.error().message)}});
        return;
    }
    address_ = *address;
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval patience{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    watchdog_ = watchdog_limit(from, ::getpid());
}

service_manager::~service_manager() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

void service_manager::tell(std::string_view message) { send(message, 0); }

bool service_manager::tell_now(std::string_view message) { return send(message, MSG_DONTWAIT); }

bool service_manager::send(std::string_view message, int flags) {
    if (socket_ < 0) {
        return false;
    }
    // Not connected: a manager that starts itself anew puts another socket in the place of this one.
    ssize_t sent = -1;
    do {
        sent = ::sendto(socket_, message.data(), message.size(), flags | MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address_.value), address_.size);
    } while (sent < 0 && errno == EINTR);
    const bool told = sent == static_cast<ssize_t>(message.size());
    if (!told && !complained_) {
        complained_ = true;
        log::warning("the service manager cannot be told",
                     {{"reason", std::string_view(std::generic_category().message(errno))}});
    }
    return told;
}

} // namespace seedhook
