// Whom a connection is with, as far as its addresses tell.
#pragma once

#include "seedhook/http/peer.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>

#include <sys/socket.h>

namespace seedhook::http {

struct peer_identity {
    std::string name;     // `203.0.113.9:51234`, or `unix`
    client_id client;     // nobody, when it is a trusted proxy or on a unix socket
    bool trusted = false; // it says whom it speaks for
};

peer_identity identify(const boost::asio::ip::tcp::endpoint& peer, const trusted_proxies& proxies);
peer_identity identify(const sockaddr_storage& peer, const trusted_proxies& proxies);

} // namespace seedhook::http
