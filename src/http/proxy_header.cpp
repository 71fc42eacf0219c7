// Reading the PROXY protocol's header.
#include "http/proxy_header.hpp"

#include <algorithm>
#include <cstdint>

namespace seedhook::http {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t fixed_part = 16;

constexpr unsigned version_2 = 2;
constexpr unsigned command_local = 0;
constexpr unsigned command_proxy = 1;
constexpr unsigned unspecified = 0x00;
constexpr unsigned tcp_over_ipv4 = 0x11;
constexpr unsigned tcp_over_ipv6 = 0x21;
constexpr unsigned unix_stream = 0x31;
constexpr std::size_t ipv4_addresses = 12; // two addresses and two ports
constexpr std::size_t ipv6_addresses = 36;
constexpr std::size_t unix_addresses = 216;

unsigned byte_at(std::string_view bytes, std::size_t at) noexcept { return static_cast<unsigned char>(bytes[at]); }

std::uint16_t number_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>((byte_at(bytes, at) << 8U) | byte_at(bytes, at + 1));
}

proxy_header wrong(std::string_view why) noexcept {
    proxy_header out;
    out.what = proxy_header::kind::wrong;
    out.why = why;
    return out;
}

template <class Address>
Address address_at(std::string_view bytes, std::size_t at) noexcept {
    typename Address::bytes_type raw{};
    std::transform(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + raw.size()), raw.begin(),
                   [](char c) { return static_cast<unsigned char>(c); });
    return Address(raw);
}

} // namespace

proxy_header read_proxy_header(std::string_view bytes) noexcept {
    const std::string_view begin = bytes.substr(0, signature.size());
    if (begin != signature.substr(0, begin.size())) {
        return bytes.starts_with("PROXY ") ? wrong("a header of the PROXY protocol's version 1, which is not taken")
                                           : wrong("no header of the PROXY protocol");
    }
    proxy_header out;
    if (bytes.size() < fixed_part) {
        out.size = fixed_part;
        return out;
    }
    const unsigned command = byte_at(bytes, 12) & 0x0fU;
    const unsigned family = byte_at(bytes, 13);
    const std::size_t rest = number_at(bytes, 14);
    if (byte_at(bytes, 12) >> 4U != version_2 || command > command_proxy) {
        return wrong("a PROXY header of an unknown version or command");
    }
    out.size = fixed_part + rest;
    if (out.size > longest_proxy_header) {
        return wrong("a PROXY header that is too long");
    }
    if (bytes.size() < out.size) {
        return out;
    }
    out.what = proxy_header::kind::proxy;
    if (command == command_local) {
        return out; // whatever else it says (2.2)
    }
    const std::size_t needed = family == tcp_over_ipv4   ? ipv4_addresses
                               : family == tcp_over_ipv6 ? ipv6_addresses
                               : family == unix_stream   ? unix_addresses
                                                         : 0;
    if ((needed == 0 && family != unspecified) || rest < needed) {
        return wrong("a PROXY header that is not of a stream, or too short for its addresses");
    }
    if (family == tcp_over_ipv4) {
        out.client = {address_at<ip::address_v4>(bytes, fixed_part), number_at(bytes, fixed_part + 8)};
        out.what = proxy_header::kind::client;
    } else if (family == tcp_over_ipv6) {
        out.client = {address_at<ip::address_v6>(bytes, fixed_part), number_at(bytes, fixed_part + 32)};
        out.what = proxy_header::kind::client;
    }
    return out;
}

} // namespace seedhook::http
