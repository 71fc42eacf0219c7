// Whom a limit holds for, and the proxies that are trusted to say whom they speak for.
#pragma once

#include "seedhook/http/address_policy.hpp"
#include "seedhook/model/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace seedhook::http {

// Who is counted as one client: an IPv4 address, or the /64 that one site gets of IPv6.
struct client_id {
    std::uint64_t network = 0; // 0: nobody whom a limit could hold for (a unix socket, a trusted proxy)
    bool is_public = false;    // globally reachable, as in address_policy

    friend bool operator==(const client_id&, const client_id&) = default;
};

client_id client_at(const boost::asio::ip::address& address) noexcept;

struct address_limit {
    std::uint32_t most = 0;   // 0: no limit
    bool public_only = false; // behind an address that is not public there may be many: a proxy, a NAT

    bool holds_for(client_id who) const noexcept {
        return most > 0 && who.network != 0 && (who.is_public || !public_only);
    }
};

// The proxies whose word on their client is taken, in X-Forwarded-For and in the PROXY protocol.
class trusted_proxies {
public:
    // Each an address or network, or `unix` for whoever connects to a unix socket. errc::invalid for anything else.
    static result<trusted_proxies> parse(const std::vector<std::string>& list);

    bool holds(const boost::asio::ip::address& a) const noexcept;
    bool holds_unix_sockets() const noexcept { return unix_sockets_; }

private:
    std::vector<cidr> networks_;
    bool unix_sockets_ = false;
};

} // namespace seedhook::http
