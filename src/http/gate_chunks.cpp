// Takes the chunked transfer coding off a body.
#include "http/gate_chunks.hpp"

#include "http/gate_bytes.hpp"

#include <algorithm>

namespace seedhook::http {
namespace {

constexpr std::uint64_t overhead_base = 16 * 1024;
constexpr std::uint64_t overhead_per_byte = 8; // a chunk of one byte needs five

constexpr refusal malformed{400, "invalid_request", "the chunked body is malformed"};
constexpr refusal too_much_framing{400, "invalid_request", "the chunked body is mostly framing"};
constexpr refusal too_large{413, "too_large", "the body is larger than this endpoint takes"};

constexpr bool is_text(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

} // namespace

chunk_reader::progress chunk_reader::fail(refusal why) noexcept {
    why_ = why;
    return progress::failed;
}

chunk_reader::progress chunk_reader::read(std::string_view& raw, std::string& body) {
    while (!raw.empty() && !done_) {
        if (state_ == state::data) {
            if (take_data(raw, body) == progress::failed) {
                return progress::failed;
            }
            continue;
        }
        if (!step(raw.front())) {
            return fail(malformed);
        }
        raw.remove_prefix(1);
        if (++overhead_ > overhead_base + overhead_per_byte * received_) {
            return fail(too_much_framing);
        }
    }
    return done_ ? progress::done : progress::more;
}

chunk_reader::progress chunk_reader::take_data(std::string_view& raw, std::string& body) {
    // Before a byte is kept: a chunk that announces too much is refused at once.
    if (left_ > limit_ - received_) {
        return fail(too_large);
    }
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw.size()));
    body.append(raw.substr(0, size));
    raw.remove_prefix(size);
    received_ += size;
    left_ -= size;
    if (left_ == 0) {
        state_ = state::data_cr;
    }
    return progress::more;
}

bool chunk_reader::take_digit(char c) {
    unsigned value = 0;
    if (c >= '0' && c <= '9') {
        value = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        value = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
        value = static_cast<unsigned>(c - 'A') + 10;
    } else {
        return false;
    }
    left_ = left_ * 16 + value;
    return ++size_digits_ <= 15; // 60 bits
}

bool chunk_reader::in_size(char c) {
    switch (state_) {
    case state::size_start:
        left_ = 0;
        size_digits_ = 0;
        state_ = state::size;
        return take_digit(c);
    case state::size:
        return ends_size(c) || take_digit(c);
    default: // size_lf
        state_ = left_ == 0 ? state::trailer_start : state::data;
        return c == '\n';
    }
}

// What may follow a chunk's size and each of its extensions: the line's end, or an extension.
bool chunk_reader::ends_size(char c) {
    if (c != '\r' && c != ';') {
        return false;
    }
    state_ = c == ';' ? state::extension : state::size_lf;
    return true;
}

// `;name`, `;name=token` or `;name="quoted"`. Were anything let through up to the line's end, a reader that looks for
// the closing quote past it would see other chunks.
bool chunk_reader::in_extension(char c) {
    switch (state_) {
    case state::extension:
        state_ = state::extension_name;
        return bytes::is_token(c);
    case state::extension_name:
        if (c == '=') {
            state_ = state::extension_value;
            return true;
        }
        return bytes::is_token(c) || ends_size(c);
    case state::extension_value:
        state_ = c == '"' ? state::quoted : state::extension_token;
        return c == '"' || bytes::is_token(c);
    case state::extension_token:
        return bytes::is_token(c) || ends_size(c);
    case state::quoted:
        state_ = c == '"' ? state::quoted_end : c == '\\' ? state::quoted_pair : state::quoted;
        return is_text(c);
    case state::quoted_pair:
        state_ = state::quoted;
        return is_text(c);
    default: // quoted_end
        return ends_size(c);
    }
}

bool chunk_reader::in_lines(char c) {
    switch (state_) {
    case state::data_cr:
        state_ = state::data_lf;
        return c == '\r';
    case state::data_lf:
        state_ = state::size_start;
        return c == '\n';
    case state::trailer_start:
        state_ = c == '\r' ? state::end_lf : state::trailer_name;
        return c == '\r' || bytes::is_token(c);
    case state::trailer_name:
        // A line that is no field may be a request to another reader.
        state_ = c == ':' ? state::trailer_value : state::trailer_name;
        return c == ':' || bytes::is_token(c);
    case state::trailer_value:
        if (c == '\r') {
            state_ = state::trailer_lf;
            return true;
        }
        return is_text(c);
    case state::trailer_lf:
        state_ = state::trailer_start;
        return c == '\n';
    default: // end_lf
        done_ = c == '\n';
        return done_;
    }
}

bool chunk_reader::step(char c) {
    switch (state_) {
    case state::size_start:
    case state::size:
    case state::size_lf:
        return in_size(c);
    case state::extension:
    case state::extension_name:
    case state::extension_value:
    case state::extension_token:
    case state::quoted:
    case state::quoted_pair:
    case state::quoted_end:
        return in_extension(c);
    default:
        return in_lines(c);
    }
}

} // namespace seedhook::http
