// What all outgoing connections have in common.
#include "daemon/outbound.hpp"

#include "seedhook/tls/context.hpp"

#include <utility>

namespace seedhook {

result<std::unique_ptr<http::client>> make_outbound_client(const asio::any_io_executor& executor,
                                                           http::client_settings settings,
                                                           const config::outbound& outbound) {
    auto tls = tls::make_client_context(outbound.ca_file);
    if (!tls) {
        return within("outbound", tls.error());
    }
    if (outbound.proxy == config::outbound::proxy_kind::environment) {
        settings.proxy = http::proxy_settings::from_environment();
    }
    settings.user_agent = "seedhook";
    return http::make_client(executor, std::move(settings), *tls);
}

} // namespace seedhook
