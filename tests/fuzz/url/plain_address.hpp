// Addresses and networks as bits, read by inet_pton alone, and IANA's special-purpose registries as the text they are:
// what the policy must agree with.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>

namespace seedhook::fuzz {

struct plain_address {
    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{}; // of IPv4 the first four

    unsigned bits() const { return v6 ? 128 : 32; }
    bool bit(unsigned i) const { return (bytes[i / 8] >> (7 - i % 8) & 1) != 0; }
    void set_bit(unsigned i, bool on) {
        const auto mask = static_cast<std::uint8_t>(0x80 >> i % 8);
        bytes[i / 8] = static_cast<std::uint8_t>(on ? bytes[i / 8] | mask : bytes[i / 8] & ~mask);
    }

    // The IPv4 address that begins at that byte.
    plain_address inner(std::size_t at) const {
        return {false, {bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]}};
    }

    std::string text() const {
        std::array<char, 64> buffer{};
        inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer.data(), buffer.size());
        return buffer.data();
    }
};

inline std::optional<plain_address> plain_address_of(std::string_view text) {
    const std::string terminated(text);
    plain_address out;
    out.v6 = text.find(':') != std::string_view::npos;
    const bool whole = terminated.size() == text.size() && text.find('\0') == std::string_view::npos;
    const bool read = inet_pton(out.v6 ? AF_INET6 : AF_INET, terminated.c_str(), out.bytes.data()) == 1;
    return whole && read ? std::optional(out) : std::nullopt;
}

struct plain_network {
    plain_address first;
    unsigned length = 0;

    bool holds(const plain_address& a) const {
        if (a.v6 != first.v6) {
            return false;
        }
        for (unsigned i = 0; i < length; ++i) {
            if (a.bit(i) != first.bit(i)) {
                return false;
            }
        }
        return true;
    }
    // The address with the same prefix and all other bits set.
    plain_address last() const {
        plain_address a = first;
        for (unsigned i = length; i < a.bits(); ++i) {
            a.set_bit(i, true);
        }
        return a;
    }
};

// `10.0.0.0/8`, or one address; no bits after the prefix, no needless zeros.
inline std::optional<plain_network> plain_network_of(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto first = plain_address_of(text.substr(0, slash));
    if (!first) {
        return std::nullopt;
    }
    plain_network out{*first, first->bits()};
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const bool plain = !digits.empty() && digits.size() <= 3 && (digits.size() == 1 || digits.front() != '0') &&
                           digits.find_first_not_of("0123456789") == std::string_view::npos;
        out.length = plain ? static_cast<unsigned>(std::stoi(std::string(digits))) : 999;
    }
    for (unsigned i = out.length; i < first->bits(); ++i) {
        if (first->bit(i)) {
            return std::nullopt;
        }
    }
    return out.length <= first->bits() ? std::optional(out) : std::nullopt;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry and their multicast spaces.
// Some parts of 192.0.0.0/24 and 2001::/23 are global; they are left out with the rest.
inline constexpr std::string_view special_networks[] = {
    "0.0.0.0/8",      "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24",   "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",  "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",  "240.0.0.0/4",    "::/96",          "64:ff9b:1::/48", "100::/64",
    "100:0:0:1::/64", "2001::/23",    "2001:db8::/32",  "3fff::/20",      "5f00::/16",      "fc00::/7",
    "fe80::/10",      "fec0::/10",    "ff00::/8",
};

inline const std::vector<plain_network>& specials() {
    static const std::vector<plain_network> all = [] {
        std::vector<plain_network> read;
        for (const std::string_view text : special_networks) {
            read.push_back(plain_network_of(text).value());
        }
        return read;
    }();
    return all;
}

inline const plain_network mapped_v4 = *plain_network_of("::ffff:0:0/96");
inline const plain_network nat64 = *plain_network_of("64:ff9b::/96");
inline const plain_network six_to_four = *plain_network_of("2002::/16");
inline const plain_network assigned_v6 = *plain_network_of("2000::/3"); // RFC 4291, 2.4

// Globally reachable unicast, judged by the IPv4 address within where there is one.
inline bool is_public(const plain_address& a) {
    if (mapped_v4.holds(a) || nat64.holds(a)) {
        return is_public(a.inner(12));
    }
    if (six_to_four.holds(a)) {
        return is_public(a.inner(2));
    }
    const auto& all = specials();
    return std::none_of(all.begin(), all.end(), [&a](const plain_network& n) { return n.holds(a); }) &&
           (!a.v6 || assigned_v6.holds(a));
}

} // namespace seedhook::fuzz
