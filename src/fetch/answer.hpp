// What the video server's answer means for a transfer, as pure functions over its head (RFC 9110).
#pragma once

#include "seedhook/http/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook {

// What to do about an answer's status.
enum class answer_kind {
    whole,      // 200: the body is the file
    part,       // 206: the body is the range asked for
    later,      // a passing fault
    no_such,    // 404, 403, 410: perhaps not there yet, perhaps its URL has expired
    start_over, // 416: our part does not fit
    never,      // asking again will not help
};
answer_kind classify_status(unsigned status) noexcept;

// A list of digits and nothing else.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept;

// `bytes 100-199/1000`. Nothing for anything else, also for an unknown total and for a range that is not inside it.
struct content_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};
std::optional<content_range> parse_content_range(std::string_view text) noexcept;

// What If-Range may send: a strong ETag, else a Last-Modified that is a strong validator (RFC 9110, 8.8.2.2); else
// empty.
std::string strong_validator(const http::client_response& head);

// The media type without parameters, in lower case; `video/mp4` when the server gave none that is one.
std::string media_type(const http::client_response& head);

// True for a body that comes as it is stored.
bool identity_encoded(const http::client_response& head) noexcept;

} // namespace seedhook
