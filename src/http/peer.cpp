// Addresses as clients to be counted.
#include "seedhook/http/peer.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>

namespace seedhook::http {

namespace ip = boost::asio::ip;

client_id client_at(const ip::address& address) noexcept {
    client_id who;
    who.is_public = address_policy{}.permits(address);
    if (address.is_v4()) {
        who.network = address.to_v4().to_uint();
        return who;
    }
    const auto bytes = address.to_v6().to_bytes();
    if (address.to_v6().is_v4_mapped()) {
        for (std::size_t i = 12; i < 16; ++i) {
            who.network = (who.network << 8U) | bytes[i];
        }
        return who;
    }
    for (std::size_t i = 0; i < 8; ++i) {
        who.network = (who.network << 8U) | bytes[i];
    }
    // 32 zero bits in front are an IPv4 address's mark. Of IPv6 only ::/32 has them: loopback, and nobody else.
    who.network = who.network >> 32U == 0 ? std::uint64_t{1} << 32U : who.network;
    return who;
}

result<trusted_proxies> trusted_proxies::parse(const std::vector<std::string>& list) {
    trusted_proxies made;
    for (const std::string& one : list) {
        if (one == "unix") {
            made.unix_sockets_ = true;
            continue;
        }
        auto network = cidr::parse(one);
        if (!network) {
            return network.error();
        }
        made.networks_.push_back(*network);
    }
    return made;
}

bool trusted_proxies::holds(const ip::address& a) const noexcept {
    return std::any_of(networks_.begin(), networks_.end(), [&a](const cidr& network) { return network.contains(a); });
}

} // namespace seedhook::http
