// Absolute http and https URLs, parsed strictly (RFC 3986): what the client connects to and what it asks for.
#pragma once

#include "seedhook/model/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::http {

struct url {
    std::string scheme; // `http` or `https`
    std::string host;   // a name in lower case, or an address; IPv6 without brackets
    std::uint16_t port = 0;
    std::string target;                              // path and query as sent: begins with `/`, no fragment
    std::optional<boost::asio::ip::address> address; // set when the host is an address

    // `videos.example.com`, `[2001:db8::1]:8443`: the value of Host. The port only when it is not the scheme's own.
    std::string authority() const;
    // `https://videos.example.com:443`: two URLs with the same origin may see the same credentials.
    std::string origin() const;
    // The whole URL again, without a fragment.
    std::string text() const;
};

// errc::refused for a scheme other than http and https; errc::invalid for all else that is not accepted: more than
// 8 KiB, anything outside printable ASCII, user information, empty or over-long labels, port 0, and a host that a
// resolver might read as an address although it is no dotted quad (`127.1`, `0x7f.0.0.1`, `2130706433`).
// The error's text never repeats the input. The fragment is dropped.
result<url> parse_url(std::string_view text);

// `reference` (absolute or relative) as seen from `base` (RFC 3986, 5), with the same rules.
result<url> resolve_url(const url& base, std::string_view reference);

// Does `host` match `pattern`: the same name, or `*.example.com` for every name below example.com? No regard to case.
bool host_matches(std::string_view pattern, std::string_view host);

} // namespace seedhook::http
