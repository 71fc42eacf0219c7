// HTTP clients as `outbound` has them: whose certificates are trusted, and through which proxy they go.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"

#include <memory>

namespace seedhook {

// A client with the policy of `settings`, to which trust, proxy and name are added. Fails when the authorities cannot
// be read.
result<std::unique_ptr<http::client>> make_outbound_client(const asio::any_io_executor& executor,
                                                           http::client_settings settings,
                                                           const config::outbound& outbound);

} // namespace seedhook
