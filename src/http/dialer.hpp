// New connections: names to addresses, the address policy, connecting, the tunnel through a proxy, TLS.
#pragma once

#include "http/client_connection.hpp"
#include "http/client_exchange.hpp"
#include "http/client_resolver.hpp"
#include "http/proxy.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/url.hpp"

#include <vector>

namespace seedhook::http {

// The same addresses, the families taking turns, the first one's first (RFC 8305, 4).
std::vector<asio::ip::address> interleaved(const std::vector<asio::ip::address>& in);

class dialer {
public:
    // `settings` must outlive it.
    dialer(asio::any_io_executor executor, const client_settings& settings, tls::context_ptr tls, resolve_function how);

    // A connection on which a request to `target` can be written at once. `through` may be null.
    awaitable<result<client_connection_ptr>> dial(const url& target, const proxy* through, steady_time end);

private:
    awaitable<result<client_connection_ptr>> dial_unix(steady_time end);
    awaitable<result<client_connection_ptr>> connect_to(const url& place, const address_policy& policy,
                                                        steady_time end);
    awaitable<result<void>> tunnel(client_connection_ptr over, const url& target, const proxy& through,
                                   steady_time end);
    awaitable<result<void>> secure(client_connection_ptr over, const url& target, steady_time end);
    awaitable<result<std::vector<asio::ip::address>>> addresses_of(const url& place, steady_time end);

    asio::any_io_executor executor_;
    const client_settings& settings_;
    tls::context_ptr tls_;
    resolver resolver_;
};

} // namespace seedhook::http
