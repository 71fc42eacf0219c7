// Socket addresses as text and back.
#include "http/listening_address.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

#include <netinet/in.h>
#include <sys/un.h>

namespace seedhook::http {

namespace ip = boost::asio::ip;

result<socket_address> parse_tcp_address(const std::string& text) {
    const error wrong(errc::invalid, "`" + text + "` is not an address and port (192.0.2.1:8443, [::]:8443)");
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        return wrong;
    }
    const std::string_view digits = std::string_view(text).substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure != std::errc{} || end != digits.data() + digits.size()) {
        return wrong;
    }
    const bool bracketed = text.front() == '[' && text[colon - 1] == ']';
    const std::string host = bracketed ? text.substr(1, colon - 2) : text.substr(0, colon);
    boost::system::error_code bad_address;
    const ip::address address = ip::make_address(host, bad_address);
    const bool whole = host.find('\0') == std::string::npos; // the parser of addresses ends there
    if (bad_address || !whole || address.is_v6() != bracketed) {
        return wrong;
    }
    const ip::tcp::endpoint endpoint(address, port);
    socket_address parsed;
    std::memcpy(&parsed.storage, endpoint.data(), endpoint.size());
    parsed.size = static_cast<socklen_t>(endpoint.size());
    parsed.any = address.is_unspecified();
    return parsed;
}

std::string to_string(const sockaddr_storage& address) {
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6) {
        return "unix";
    }
    ip::tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), &address, address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    ip::address host = endpoint.address();
    if (host.is_v6() && host.to_v6().is_v4_mapped()) {
        host = ip::make_address_v4(ip::v4_mapped, host.to_v6());
    }
    const std::string name = host.to_string();
    return (host.is_v6() ? "[" + name + "]" : name) + ":" + std::to_string(endpoint.port());
}

std::string bound_name(int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return "descriptor " + std::to_string(descriptor);
    }
    if (address.ss_family != AF_UNIX) {
        return to_string(address);
    }
    sockaddr_un local{};
    std::memcpy(&local, &address, sizeof local);
    const std::size_t room = size - offsetof(sockaddr_un, sun_path);
    return "unix:" + std::string(local.sun_path, ::strnlen(local.sun_path, room));
}

} // namespace seedhook::http
