// How this machine reaches the daemon's own listeners, for commands.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/tls/context.hpp"

#include <string>

namespace seedhook {

struct way_in {
    std::string origin; // of URLs
    http::client_settings client;
    tls::context_ptr trusted; // what it shows; none: plaintext
};

// errc::unavailable for an address that only the service manager knows; errc::invalid for a certificate that cannot be
// read.
result<way_in> way_to(const config::listener& at);

// The control API as a listener.
config::listener control_listener(const config::control& settings);

} // namespace seedhook
