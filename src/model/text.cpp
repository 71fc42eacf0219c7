// Decoding of untrusted UTF-8 and its escaping for people's eyes.
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <cstdio>

namespace seedhook {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) noexcept { return static_cast<unsigned char>(text[i]); }

std::string hex_escape(const char* format, unsigned value) {
    char buffer[16];
    const int length = std::snprintf(buffer, sizeof buffer, format, value);
    return std::string(buffer, static_cast<std::size_t>(length));
}

constexpr std::size_t shortest_telling_part = 8; // of a secret at a text's end

// How many of the text's last bytes are the beginning of a secret that was cut off; 0 when they tell nothing of it.
std::size_t cut_secret(std::string_view text, std::string_view secret) {
    for (std::size_t size = std::min(secret.size(), text.size()); size >= shortest_telling_part; --size) {
        if (text.ends_with(secret.substr(0, size))) {
            return size;
        }
    }
    return 0;
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

std::string without_secret(std::string_view text, std::string_view secret, std::string_view stand_in) {
    if (secret.empty()) {
        return std::string(text);
    }
    std::string out;
    for (std::size_t at = text.find(secret); at != std::string_view::npos; at = text.find(secret)) {
        out.append(text.substr(0, at)).append(stand_in);
        text.remove_prefix(at + secret.size());
    }
    const std::size_t cut = cut_secret(text, secret);
    return out.append(text.substr(0, text.size() - cut)).append(cut == 0 ? std::string_view() : stand_in);
}

std::string_view trimmed(std::string_view text, std::string_view blanks) noexcept {
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower_case(c); });
    return out;
}

std::string shortened(std::string text, std::size_t most) {
    if (text.size() > most) {
        std::size_t end = most;
        while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) {
            --end;
        }
        text.resize(end);
    }
    return text;
}

} // namespace seedhook
