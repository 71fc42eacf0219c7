// What all outgoing connections have in common.
#include "daemon/outbound.hpp"

#include <utility>

namespace seedhook {

result<outbound_clients> outbound_clients::make(const config::outbound& settings) {
    auto trusted = tls::make_client_context(settings.ca_file);
    if (!trusted) {
        return within("outbound", trusted.error());
    }
    outbound_clients made;
    made.trusted_ = std::move(*trusted);
    if (settings.proxy == config::outbound::proxy_kind::environment) {
        made.proxy_ = http::proxy_settings::from_environment();
    }
    return made;
}

std::unique_ptr<http::client> outbound_clients::client(const asio::any_io_executor& executor,
                                                       http::client_settings settings) const {
    settings.proxy = proxy_;
    return direct_client(executor, std::move(settings));
}

std::unique_ptr<http::client> outbound_clients::direct_client(const asio::any_io_executor& executor,
                                                              http::client_settings settings) const {
    settings.user_agent = "seedhook";
    return http::make_client(executor, std::move(settings), trusted_);
}

} // namespace seedhook
