// Which proxy an outgoing request goes through, if any.
#pragma once

#include "seedhook/http/client.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::http {

struct proxy {
    url where;
    std::string authorization; // the value of Proxy-Authorization; empty: none
};

// `http://user:password@host:port`; `http://` may be left out. User and password may be percent-encoded.
// errc::invalid for anything else, also for proxies that want TLS; the error never repeats the input.
result<proxy> parse_proxy(std::string_view text);

// One entry of `except`.
class proxy_exception {
public:
    static result<proxy_exception> parse(std::string_view text);
    bool covers(const url& target) const;

private:
    bool any_host_ = false;
    bool names_below_only_ = false;
    std::string name_;
    std::optional<cidr> addresses_;
    std::optional<std::uint16_t> port_;
};

// The settings, read once.
class proxy_table {
public:
    static result<proxy_table> make(const proxy_settings& settings);

    // Null: connect directly. localhost and loopback addresses are always reached directly.
    const proxy* find(const url& target) const;

private:
    std::optional<proxy> https_;
    std::optional<proxy> http_;
    std::vector<proxy_exception> except_;
};

} // namespace seedhook::http
