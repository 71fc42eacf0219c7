// Who may use the control API: pure functions of the settings and a request's head.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/message.hpp"

#include <optional>
#include <string_view>

namespace seedhook::control {

// Is `host`, the value of Host, a name for us? Those of `control.hosts`; on loopback and unix sockets `localhost` and
// loopback addresses; else the address itself, and any address (which no DNS answer can give to another's page) where
// we listen on all. The port is not looked at: a forwarded one is another.
bool is_our_host(const config::control& settings, std::string_view host);

// Was it a page of ours, or no page at all, that made the browser send this? `Origin` and `Sec-Fetch-Site` say it
// (Fetch, 3.2; Fetch Metadata, 2.3). Following a link from elsewhere to the dashboard is allowed.
bool is_from_our_page(const http::request& asked);

// The answer to a request that must not go on: 421 another host, 403 another site's page, 401 the token is missing or
// wrong. The dashboard's files, which hold nothing, and /healthz need no token.
std::optional<http::response> refusal(const config::control& settings, const http::request& asked);

} // namespace seedhook::control
