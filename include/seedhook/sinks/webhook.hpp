// The sink that posts the delivery document to a URL, signed as Standard Webhooks.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/sinks/sink.hpp"

#include <memory>

namespace seedhook {

// What the client for `make_webhook_sink` must have: no redirects, the time-out, and public addresses only, unless the
// sink is `internal`. A URL that names this machine itself (127.0.0.0/8, [::1], localhost) may lead there; a name that
// merely resolves to it may not. The proxy is the caller's to add.
http::client_settings webhook_client_settings(const config::webhook_sink& settings);

// `settings.webhook` must be set, and `client` be made with webhook_client_settings. errc::invalid or refused for a URL
// that no client takes, a host that is an address and not allowed, and a secret that is none (see webhook_key). `time`
// outlives the sink.
result<std::shared_ptr<sink>> make_webhook_sink(const config::sink& settings, std::unique_ptr<http::client> client,
                                                const clock& time = system_clock());

} // namespace seedhook
