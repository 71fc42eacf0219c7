// Socket addresses as text and back.
#pragma once

#include "seedhook/model/error.hpp"

#include <string>

#include <sys/socket.h>

namespace seedhook::http {

struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    bool any = false; // `0.0.0.0` or `[::]`

    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

// `192.0.2.1:8443` or `[2001:db8::1]:8443`; addresses only, no names.
result<socket_address> parse_tcp_address(const std::string& text);

// The other way round; `unix` for a peer on a unix socket. An IPv4 address within an IPv6 one is shown as IPv4.
std::string to_string(const sockaddr_storage& address);

// Where a listening socket is bound, as in its configuration: `127.0.0.1:8443`, `unix:/run/x.sock`.
std::string bound_name(int descriptor);

} // namespace seedhook::http
