// The framing gate (SPEC §2): what a careful peer never sends is refused before anything else looks at it. Pure
// functions over bytes. Where HTTP readers differ, a proxy before us could see other requests than we do; so nothing
// that two readers could take in two ways gets through (RFC 9112, 11.2: request smuggling).
#pragma once

#include "seedhook/http/message.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seedhook::http {

// Why a request is not taken. The connection closes after the answer.
struct refusal {
    unsigned status = 400;
    std::string_view code;   // of the error body; lives for ever
    std::string_view reason; // for a person; lives for ever
};

constexpr refusal bad_request(std::string_view reason) noexcept { return {400, "invalid_request", reason}; }

// How the request's body is sent and what the connection is to do.
struct framing {
    bool http_1_0 = false;
    bool keep_alive = true;
    bool chunked = false;
    bool expects_continue = false;
    std::optional<std::uint64_t> length; // of Content-Length

    bool has_body() const noexcept { return chunked || length.value_or(0) > 0; }
};

// Past the end of the first head in `bytes` (the empty line included); nothing when it is not whole. `searched` bytes
// were seen by an earlier call.
std::optional<std::size_t> end_of_head(std::string_view bytes, std::size_t searched) noexcept;

// A reason why `bytes`, which do not yet hold a whole head, can never become a good one, so that its sender need not
// wait for the rest. `searched` bytes were found good by an earlier call.
std::optional<refusal> check_partial_head(std::string_view bytes, std::size_t searched) noexcept;

[[noreturn]] void throw_exception_from_error(const refusal& why, const boost::source_location& where);

// Reads a head that ends with its empty line. On success method, target, path, query and fields of `into` point into
// `head`; its other members are left alone.
boost::system::result<framing, refusal> read_head(std::string_view head, request& into);

} // namespace seedhook::http
