// Opening, sharing and taking over listening sockets.
#include "seedhook/http/server.hpp"

#include "http/listening_address.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace seedhook::http {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr int backlog = 4096; // the kernel lowers it to net.core.somaxconn

// Closes what it holds unless it was released.
class descriptor_guard {
public:
    explicit descriptor_guard(int descriptor) noexcept : descriptor_(descriptor) {}
    ~descriptor_guard() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    descriptor_guard(const descriptor_guard&) = delete;
    descriptor_guard& operator=(const descriptor_guard&) = delete;

    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }

private:
    int descriptor_;
};

int make_socket(int family) noexcept { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

error system_failure(const std::string& address, int value) {
    if (value == EADDRINUSE) {
        return error(errc::conflict, address + ": somebody else listens there already");
    }
    return errno_error("cannot listen on " + address, value);
}

bool set_option(int descriptor, int level, int name, int value) noexcept {
    return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

result<listening_socket> open_tcp(const std::string& address) {
    const result<socket_address> parsed = parse_tcp_address(address);
    if (!parsed) {
        return parsed.error();
    }
    descriptor_guard made(make_socket(parsed->storage.ss_family));
    if (made.get() < 0) {
        return system_failure(address, errno);
    }
    bool ready = set_option(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (parsed->storage.ss_family == AF_INET6) {
        // `[::]` takes IPv4 too; any other IPv6 address means just itself.
        ready = ready && set_option(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, parsed->any ? 0 : 1);
    }
    if (!ready || ::bind(made.get(), parsed->get(), parsed->size) != 0 || ::listen(made.get(), backlog) != 0) {
        return system_failure(address, errno);
    }
    std::string name = bound_name(made.get());
    return listening_socket(made.release(), std::move(name), {});
}

// True when the socket file at `address` is nobody's any more.
bool is_stale(const sockaddr_un& address) noexcept {
    struct stat what {};
    if (::lstat(address.sun_path, &what) != 0 || !S_ISSOCK(what.st_mode)) {
        return false;
    }
    const descriptor_guard probe(make_socket(AF_UNIX));
    return probe.get() >= 0 &&
           ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
           errno == ECONNREFUSED;
}

result<listening_socket> open_unix(const std::string& address, unsigned mode) {
    const std::string path = address.substr(unix_prefix.size());
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof where.sun_path || path.find('\0') != std::string::npos) {
        return error(errc::invalid, address + ": a unix socket's path has 1 to " +
                                        std::to_string(sizeof where.sun_path - 1) + " characters");
    }
    std::memcpy(where.sun_path, path.data(), path.size());
    descriptor_guard made(make_socket(AF_UNIX));
    if (made.get() < 0) {
        return system_failure(address, errno);
    }
    const auto* target = reinterpret_cast<const sockaddr*>(&where);
    if (::bind(made.get(), target, sizeof where) != 0) {
        if (errno != EADDRINUSE) {
            return system_failure(address, errno);
        }
        if (!is_stale(where)) {
            return system_failure(address, EADDRINUSE);
        }
        if (::unlink(where.sun_path) != 0 || ::bind(made.get(), target, sizeof where) != 0) {
            return system_failure(address, errno);
        }
    }
    // Nobody can connect before listen(), so nobody meets the socket with another mode.
    if (::chmod(where.sun_path, static_cast<mode_t>(mode)) != 0 || ::listen(made.get(), backlog) != 0) {
        const int value = errno;
        ::unlink(where.sun_path);
        return system_failure(address, value);
    }
    return listening_socket(made.release(), address, path);
}

// What sd_listen_fds(3) documents, without libsystemd: a daemon on the open network need not load the compression and
// cipher libraries that come with it to read two variables.
constexpr int first_handed_over = 3;

int number_in(const char* variable) {
    const char* text = std::getenv(variable);
    int value = 0;
    if (text != nullptr) {
        const char* const end = text + std::strlen(text);
        const auto [stop, fault] = std::from_chars(text, end, value);
        value = fault == std::errc() && stop == end ? value : 0;
    }
    ::unsetenv(variable); // our children do not hear of them
    return value;
}

int handed_over() {
    constexpr int most = 1024;
    const bool for_us = number_in("LISTEN_PID") == ::getpid();
    const int count = number_in("LISTEN_FDS");
    ::unsetenv("LISTEN_FDNAMES");
    return for_us ? std::clamp(count, 0, most) : 0;
}

bool is_listening_stream(int descriptor) {
    int type = 0;
    int listening = 0;
    socklen_t size = sizeof(int);
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening == 1;
}

} // namespace

listening_socket::listening_socket(int descriptor, std::string name, std::string unix_path)
    : descriptor_(descriptor), name_(std::move(name)), unix_path_(std::move(unix_path)) {}

listening_socket::~listening_socket() {
    // The file goes first: once the socket is closed another process may have put its own there.
    if (!unix_path_.empty()) {
        ::unlink(unix_path_.c_str());
    }
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

listening_socket::listening_socket(listening_socket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), name_(std::move(other.name_)),
      unix_path_(std::exchange(other.unix_path_, {})) {}

listening_socket& listening_socket::operator=(listening_socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(name_, other.name_);
    std::swap(unix_path_, other.unix_path_);
    return *this;
}

result<listening_socket> listening_socket::share() const {
    const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        return errno_error("cannot share " + name_, errno);
    }
    return listening_socket(copy, name_, {});
}

result<listening_socket> open_listening_socket(const std::string& address, unsigned mode) {
    return address.starts_with(unix_prefix) ? open_unix(address, mode) : open_tcp(address);
}

result<std::vector<listening_socket>> inherited_sockets() {
    const int count = handed_over();
    std::vector<listening_socket> taken;
    for (int descriptor = first_handed_over; descriptor < first_handed_over + count; ++descriptor) {
        taken.emplace_back(descriptor, bound_name(descriptor), std::string());
        const int flags = ::fcntl(descriptor, F_GETFL);
        if (!is_listening_stream(descriptor) || flags < 0 || ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
            ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
            return error(errc::invalid, "the service manager's descriptor " + std::to_string(descriptor) +
                                            " is not a listening stream socket");
        }
    }
    if (taken.empty()) {
        return error(errc::not_found, "the service manager handed over no sockets (LISTEN_FDS)");
    }
    return taken;
}

} // namespace seedhook::http
