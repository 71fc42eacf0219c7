// The client with its way of resolving names open to be replaced.
#pragma once

#include "http/client_resolver.hpp"
#include "seedhook/http/client.hpp"

#include <memory>

namespace seedhook::http {

std::unique_ptr<client> make_client_with_resolver(asio::any_io_executor executor, client_settings settings,
                                                  tls::context_ptr tls, resolve_function how);

} // namespace seedhook::http
