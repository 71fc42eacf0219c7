// The IANA special-purpose address registries as a function: what is not plainly public is not permitted.
#include "seedhook/http/address_policy.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace seedhook::http {

namespace ip = boost::asio::ip;

namespace {

struct block_v4 {
    std::uint32_t network;
    unsigned bits;
};

constexpr std::uint32_t quad(unsigned a, unsigned b, unsigned c, unsigned d) {
    return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast.
constexpr std::array special_v4{
    block_v4{quad(0, 0, 0, 0), 8},       // this network, RFC 791
    block_v4{quad(10, 0, 0, 0), 8},      // private, RFC 1918
    block_v4{quad(100, 64, 0, 0), 10},   // shared (CGNAT), RFC 6598
    block_v4{quad(127, 0, 0, 0), 8},     // loopback
    block_v4{quad(169, 254, 0, 0), 16},  // link-local, the clouds' metadata services
    block_v4{quad(172, 16, 0, 0), 12},   // private
    block_v4{quad(192, 0, 0, 0), 24},    // protocol assignments
    block_v4{quad(192, 0, 2, 0), 24},    // documentation
    block_v4{quad(192, 88, 99, 0), 24},  // 6to4 relays, deprecated by RFC 7526
    block_v4{quad(192, 168, 0, 0), 16},  // private
    block_v4{quad(198, 18, 0, 0), 15},   // benchmarks, RFC 2544
    block_v4{quad(198, 51, 100, 0), 24}, // documentation
    block_v4{quad(203, 0, 113, 0), 24},  // documentation
    block_v4{quad(224, 0, 0, 0), 4},     // multicast
    block_v4{quad(240, 0, 0, 0), 4},     // reserved, and the broadcast address
};

struct block_v6 {
    std::array<std::uint8_t, 8> network; // no block below is longer than 64 bits
    unsigned bits;
};

// https://www.iana.org/assignments/iana-ipv6-special-registry: those that lie within 2000::/3, which alone is global
// unicast (RFC 4291, 2.4), so that loopback, fc00::/7, fe80::/10, fec0::/10, ff00::/8, 100::/64 and 5f00::/16 need no
// mention.
constexpr std::array special_v6{
    block_v6{{0x20, 0x01}, 23},             // protocol assignments: Teredo, ORCHID, benchmarks and more
    block_v6{{0x20, 0x01, 0x0d, 0xb8}, 32}, // documentation
    block_v6{{0x3f, 0xff}, 20},             // documentation, RFC 9637
};
constexpr block_v6 global_unicast{{0x20}, 3};
constexpr block_v6 six_to_four{{0x20, 0x02}, 16};                     // the IPv4 address follows the prefix
constexpr std::array<std::uint8_t, 12> nat64{0x00, 0x64, 0xff, 0x9b}; // RFC 6052; its local-use sister is refused

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) noexcept {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8U - rest)) == 0;
}

bool within(const ip::address_v6::bytes_type& a, const block_v6& block) noexcept {
    std::array<std::uint8_t, 8> front{};
    std::copy_n(a.begin(), front.size(), front.begin());
    return same_prefix(front, block.network, block.bits);
}

bool is_public(const ip::address_v4& a) noexcept {
    const std::uint32_t value = a.to_uint();
    return std::none_of(special_v4.begin(), special_v4.end(), [value](const block_v4& block) {
        return ((value ^ block.network) >> (32U - block.bits)) == 0;
    });
}

ip::address_v4 v4_at(const ip::address_v6::bytes_type& a, std::size_t offset) noexcept {
    return ip::address_v4({a[offset], a[offset + 1], a[offset + 2], a[offset + 3]});
}

bool is_public(const ip::address_v6& a) noexcept {
    const auto bytes = a.to_bytes();
    if (a.scope_id() != 0) {
        return false;
    }
    if (std::equal(nat64.begin(), nat64.end(), bytes.begin())) {
        return is_public(v4_at(bytes, 12));
    }
    if (!within(bytes, global_unicast)) {
        return false;
    }
    if (within(bytes, six_to_four)) {
        return is_public(v4_at(bytes, 2));
    }
    return std::none_of(special_v6.begin(), special_v6.end(),
                        [&bytes](const block_v6& block) { return within(bytes, block); });
}

// ::ffff:a.b.c.d reaches a.b.c.d over IPv4.
std::optional<ip::address_v4> mapped(const ip::address& a) noexcept {
    if (!a.is_v6() || !a.to_v6().is_v4_mapped() || a.to_v6().scope_id() != 0) {
        return std::nullopt;
    }
    return v4_at(a.to_v6().to_bytes(), 12);
}

error not_a_cidr(std::string_view text, std::string_view why) {
    return {errc::invalid, "`" + std::string(text) + "` is not a CIDR: " + std::string(why)};
}

// True when no bit after the first `bits` is set.
template <class Bytes>
bool ends_after(const Bytes& address, unsigned bits) noexcept {
    Bytes masked{};
    for (unsigned i = 0; i < bits; ++i) {
        masked[i / 8] = static_cast<std::uint8_t>(masked[i / 8] | (address[i / 8] & (0x80U >> (i % 8))));
    }
    return masked == address;
}

} // namespace

result<cidr> cidr::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    boost::system::error_code fault;
    const ip::address network = ip::make_address(std::string(text.substr(0, slash)), fault);
    const bool whole = text.find('\0') == std::string_view::npos; // the parser of addresses ends there
    if (fault || !whole || (network.is_v6() && text.find('%') != std::string_view::npos)) {
        return not_a_cidr(text, "no IP address before the `/`");
    }
    const unsigned longest = network.is_v4() ? 32 : 128;
    unsigned bits = longest;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const char* const last = digits.data() + digits.size();
        const auto [end, wrong] = std::from_chars(digits.data(), last, bits);
        if (wrong != std::errc() || end != last || bits > longest || (digits.size() > 1 && digits.front() == '0')) {
            return not_a_cidr(text, "no prefix length from 0 to " + std::to_string(longest) + " after the `/`");
        }
    }
    const bool tidy =
        network.is_v4() ? ends_after(network.to_v4().to_bytes(), bits) : ends_after(network.to_v6().to_bytes(), bits);
    if (!tidy) {
        return not_a_cidr(text, "bits are set after its prefix");
    }
    return cidr(network, bits);
}

bool cidr::contains(const ip::address& a) const noexcept {
    if (network_.is_v4()) {
        const auto inner = a.is_v4() ? std::optional(a.to_v4()) : mapped(a);
        return inner && same_prefix(inner->to_bytes(), network_.to_v4().to_bytes(), bits_);
    }
    return a.is_v6() && a.to_v6().scope_id() == 0 &&
           same_prefix(a.to_v6().to_bytes(), network_.to_v6().to_bytes(), bits_);
}

bool address_policy::permits(const ip::address& a) const noexcept {
    if (!public_only) {
        return true;
    }
    if (std::any_of(allowed.begin(), allowed.end(), [&a](const cidr& block) { return block.contains(a); })) {
        return true;
    }
    if (a.is_v4()) {
        return is_public(a.to_v4());
    }
    if (const auto inner = mapped(a)) {
        return is_public(*inner);
    }
    return is_public(a.to_v6());
}

} // namespace seedhook::http
