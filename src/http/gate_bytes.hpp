// The gate's view of raw bytes: RFC 9112's grammar at its strictest.
#pragma once

#include "http/gate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seedhook::http::bytes {

struct head_check {
    std::optional<refusal> wrong;
    std::size_t fields = 0; // field lines seen, when nothing is wrong
};

// A whole head: `METHOD SP /target SP HTTP/1.x`, then `name: value` lines, each ended by CRLF, then an empty line. No
// bare CR or LF, no NUL or other control character but HTAB in values, no folded lines, no space before a colon.
head_check check_head(std::string_view head) noexcept;

// RFC 9110's tchar.
bool is_token(char c) noexcept;

// RFC 3986's host with an optional port, not empty: a name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view value) noexcept;

// Digits only, below 2^63.
std::optional<std::uint64_t> decimal(std::string_view value) noexcept;

// True when the comma-separated list has `item`, in either case.
bool list_has(std::string_view list, std::string_view item) noexcept;

} // namespace seedhook::http::bytes
