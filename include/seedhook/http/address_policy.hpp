// Which addresses we may connect to for a URL that somebody else chose. Fails closed.
#pragma once

#include "seedhook/model/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace seedhook::http {

// `10.0.0.0/8`, `fd00::/8`, or one address.
class cidr {
public:
    // errc::invalid for anything else, also for bits set after the prefix (`10.0.0.1/8`) and for scope ids.
    static result<cidr> parse(std::string_view text);
    // An IPv4 block also holds the v4-mapped forms of its addresses. An address with a scope id is in no block.
    bool contains(const boost::asio::ip::address& a) const noexcept;

private:
    cidr(boost::asio::ip::address network, unsigned bits) : network_(network), bits_(bits) {}
    boost::asio::ip::address network_;
    unsigned bits_;
};

struct address_policy {
    bool public_only = true;   // false: any address (an operator named the host)
    std::vector<cidr> allowed; // exceptions to `public_only`

    // True for globally reachable unicast addresses (IANA special-purpose registries, RFC 6890) and the exceptions.
    // A v4-mapped, NAT64 or 6to4 form is judged as the IPv4 address within. v4-compatible forms, Teredo, NAT64's
    // local-use prefix and addresses with a scope id are never permitted.
    bool permits(const boost::asio::ip::address& a) const noexcept;
};

} // namespace seedhook::http
