// The PROXY protocol's header, version 2 (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, 2.2): with it a
// proxy that passes bytes on says, before all else, whom it was called by. A pure function.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <string_view>

namespace seedhook::http {

// What proxies add to the addresses (names of TLS servers, certificates, ids) comes to some hundred bytes.
constexpr std::size_t longest_proxy_header = 2048;

struct proxy_header {
    enum class kind {
        more,   // `size` bytes are to be read altogether before it can be said
        client, // the connection is `client`'s
        proxy,  // it is the proxy's own (a health check), or of somebody without an address that we know
        wrong,  // whoever sends this speaks something else; `why` lives for ever
    };

    kind what = kind::more;
    std::size_t size = 0; // of the whole header, unless it is wrong
    boost::asio::ip::tcp::endpoint client;
    std::string_view why;
};

// Looks at the front of `bytes`; what follows a header is not looked at. Never asks for more than the header has, so
// nothing behind it is read too early.
proxy_header read_proxy_header(std::string_view bytes) noexcept;

} // namespace seedhook::http
