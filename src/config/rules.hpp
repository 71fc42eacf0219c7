// What a text may be, beyond being text: pure checks, each returning what completes "must be …", or nothing when all is
// well.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::config {

using complaint = std::optional<std::string>;
using rule = complaint (*)(std::string_view);

complaint name_rule(std::string_view text); // `[A-Za-z0-9_-]{1,64}`
complaint absolute_path_rule(std::string_view text);
complaint source_path_rule(std::string_view text);     // where callbacks come in
complaint listen_address_rule(std::string_view text);  // `127.0.0.1:8443`, `[::1]:8443`, `unix:/path`, `systemd`
complaint control_address_rule(std::string_view text); // `unix:/path`, `127.0.0.1:9090`, `[::1]:9090`
complaint gateway_address_rule(std::string_view text); // `127.0.0.1:8090`, `[::1]:8090`, `unix:/path`
complaint host_name_rule(std::string_view text);       // `example.com`
complaint host_pattern_rule(std::string_view text);    // `example.com`, `*.example.com`
complaint cidr_rule(std::string_view text);            // `10.0.0.0/8`, `fd00::/8`, or one address
complaint trusted_proxy_rule(std::string_view text);   // as `cidr_rule`, or `unix`
complaint header_name_rule(std::string_view text);
complaint signature_prefix_rule(std::string_view text);
complaint signed_content_rule(std::string_view text);
complaint file_template_rule(std::string_view text);
complaint account_rule(std::string_view text);      // a user's or group's name or number
complaint base_url_rule(std::string_view text);     // https, or http to loopback; a path at most
complaint callback_url_rule(std::string_view text); // http or https, without a fragment
complaint bearer_rule(std::string_view text);       // what can stand behind `Authorization: Bearer`

complaint endpoint_rule(std::string_view text); // http or https; a path at most
complaint bucket_rule(std::string_view text);
complaint region_rule(std::string_view text);
complaint variable_name_rule(std::string_view text); // of an environment variable
complaint token_rule(std::string_view text);         // letters, digits, `_`, `-`: what stands in a header's value

// A regular expression (ECMA 262) for editors that every text matches which the rule has nothing to complain of; empty
// where none is worth it.
std::string_view pattern_of(rule check);

// True for a valid http URL to other than loopback: whoever is between can read it.
bool is_readable_by_others(std::string_view url);

// True for a valid listen address that only this machine reaches: loopback and unix sockets.
bool is_local_address(std::string_view address);

} // namespace seedhook::config
