// HTTP clients as `outbound` has them: whose certificates are trusted, and through which proxy they go.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/tls/context.hpp"

#include <memory>

namespace seedhook {

// The system's authorities take about 0.5 MiB once read: all clients share them.
class outbound_clients {
public:
    // Fails when the authorities cannot be read.
    static result<outbound_clients> make(const config::outbound& settings);

    // A client with the policy of `settings`, to which trust, proxy and name are added.
    std::unique_ptr<http::client> client(const asio::any_io_executor& executor, http::client_settings settings) const;
    // The same without the proxy: for what only this machine reaches.
    std::unique_ptr<http::client> direct_client(const asio::any_io_executor& executor,
                                                http::client_settings settings) const;

private:
    tls::context_ptr trusted_;
    http::proxy_settings proxy_;
};

} // namespace seedhook
