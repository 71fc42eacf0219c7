// Decoding of untrusted UTF-8 and its escaping for people's eyes.
#include "seedhook/model/text.hpp"

#include <cstdio>

namespace seedhook {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) noexcept { return static_cast<unsigned char>(text[i]); }

std::string hex_escape(const char* format, unsigned value) {
    char buffer[16];
    const int length = std::snprintf(buffer, sizeof buffer, format, value);
    return std::string(buffer, static_cast<std::size_t>(length));
}

} // namespace

code_point front_code_point(std::string_view text) noexcept {
    const unsigned first = byte_at(text, 0);
    if (first < 0x80) {
        return {first, 1, true};
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) {
        return {};
    }
    char32_t value = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte_at(text, i) & 0xC0U) != 0x80U) {
            return {};
        }
        value = (value << 6) | (byte_at(text, i) & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) {
        return {};
    }
    return {value, length, true};
}

bool is_control(char32_t value) noexcept {
    return value < 0x20 || (value >= 0x7F && value <= 0x9F) || value == 0x61C || value == 0x200E || value == 0x200F ||
           (value >= 0x2028 && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const code_point c = front_code_point(text);
        if (!c.valid) {
            out += hex_escape("\\x%02x", byte_at(text, 0));
        } else if (!is_control(c.value)) {
            out += text.substr(0, c.length);
        } else if (c.value == '\n') {
            out += "\\n";
        } else if (c.value == '\r') {
            out += "\\r";
        } else if (c.value == '\t') {
            out += "\\t";
        } else if (c.value < 0x80) {
            out += hex_escape("\\x%02x", static_cast<unsigned>(c.value));
        } else {
            out += hex_escape("\\u{%x}", static_cast<unsigned>(c.value));
        }
        text.remove_prefix(c.length);
    }
    return out;
}

} // namespace seedhook
