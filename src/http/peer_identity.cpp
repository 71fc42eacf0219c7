// Judging a peer by its address.
#include "http/peer_identity.hpp"

#include "http/listening_address.hpp"

#include <cstring>

#include <netinet/in.h>

namespace seedhook::http {

namespace ip = boost::asio::ip;

peer_identity identify(const ip::tcp::endpoint& peer, const trusted_proxies& proxies) {
    sockaddr_storage address{};
    std::memcpy(&address, peer.data(), peer.size());
    peer_identity found;
    found.name = to_string(address);
    found.trusted = proxies.holds(peer.address());
    found.client = found.trusted ? client_id() : client_at(peer.address());
    return found;
}

peer_identity identify(const sockaddr_storage& peer, const trusted_proxies& proxies) {
    if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) {
        return {to_string(peer), {}, proxies.holds_unix_sockets()};
    }
    ip::tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), &peer, peer.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    return identify(endpoint, proxies);
}

} // namespace seedhook::http
