// Takes the chunked transfer coding off a body (RFC 9112, 7.1), byte run by byte run and with every part bounded.
#pragma once

#include "http/gate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::http {

// Extensions, without blanks outside of quotes, and trailer fields are held to their grammar and read over. Only CRLF
// ends a line. Beast's own chunk reader needs a chunk's head and the whole trailer section in one buffer and bounds
// neither; this one keeps a few words of state.
class chunk_reader {
public:
    // `limit` of the body's size; the framing around it may not take more than 16 KiB beside 8 bytes for each byte of
    // it.
    explicit chunk_reader(std::uint64_t limit) noexcept : limit_(limit) {}

    enum class progress { more, done, failed };

    // Reads from the front of `raw`, appends to `body`, and removes what it read. Once `done`, what is left of `raw`
    // belongs to the next request. After `failed`, `why()` tells.
    progress read(std::string_view& raw, std::string& body);

    const refusal& why() const noexcept { return why_; }

private:
    enum class state {
        size_start,
        size,
        size_lf,
        extension,
        extension_name,
        extension_value,
        extension_token,
        quoted,
        quoted_pair,
        quoted_end,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf
    };

    progress fail(refusal why) noexcept;
    bool step(char c);
    bool in_size(char c);
    bool ends_size(char c);
    bool in_extension(char c);
    bool in_lines(char c);
    bool take_digit(char c);
    progress take_data(std::string_view& raw, std::string& body);

    std::uint64_t limit_;
    std::uint64_t received_ = 0; // body bytes
    std::uint64_t overhead_ = 0; // all others
    std::uint64_t left_ = 0;     // of the present chunk
    unsigned size_digits_ = 0;
    bool done_ = false;
    state state_ = state::size_start;
    refusal why_;
};

} // namespace seedhook::http
