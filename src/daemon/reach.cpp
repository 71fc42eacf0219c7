// A listener as this machine reaches it.
#include "seedhook/daemon/reach.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace seedhook {

result<way_in> way_to(const config::listener& at) {
    constexpr std::string_view unix_scheme = "unix:";
    way_in way{"http://localhost", {}, nullptr};
    way.client.https_only = false;
    way.client.addresses.public_only = false;
    way.client.pool_size = 0;
    if (!at.client_ca.empty()) {
        return error(errc::unavailable, "it asks for a client's certificate, and we have none");
    }
    if (at.address.starts_with(unix_scheme)) {
        way.client.unix_socket = at.address.substr(unix_scheme.size());
        return at.tls.empty() ? way : result<way_in>(error(errc::unavailable, "TLS on a unix socket"));
    }
    if (at.proxy_protocol) {
        return error(errc::unavailable, "only its proxies may connect to it");
    }
    if (at.address == "systemd" || at.address.ends_with(":0")) {
        return error(errc::unavailable, "only the service manager knows where " + at.address + " is");
    }
    std::string address = at.address;
    for (const auto& [any, loopback] : {std::pair("0.0.0.0:", "127.0.0.1:"), std::pair("[::]:", "[::1]:")}) {
        if (address.starts_with(any)) {
            address.replace(0, std::string_view(any).size(), loopback);
        }
    }
    way.origin = (at.tls.empty() ? "http://" : "https://") + address;
    if (!at.tls.empty()) {
        std::vector<std::string> certificates;
        for (const config::tls_files& pair : at.tls) {
            certificates.push_back(pair.certificate);
        }
        auto pinned = tls::make_pinned_client_context(certificates);
        if (!pinned) {
            return pinned.error();
        }
        way.trusted = std::move(*pinned);
    }
    return way;
}

config::listener control_listener(const config::control& settings) {
    return {settings.address, settings.tls, settings.client_ca, settings.plaintext};
}

} // namespace seedhook
