// Hex, base64 and random bytes. Base64 is read by hand: EVP_DecodeBlock lets white space, missing padding and stray
// padding bits through, which would give one signature many spellings.
#include "seedhook/crypto/encoding.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace seedhook::crypto {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view upper_hex_digits = "0123456789ABCDEF";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t no_digit = 0xff;

// The value of each hex digit, in a table: the digits of a signature are random, and so would be branches on them.
constexpr auto hex_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::uint8_t value = 0; value < 16; ++value) {
        values[static_cast<std::uint8_t>(hex_digits[value])] = value;
        values[static_cast<std::uint8_t>(upper_hex_digits[value])] = value;
    }
    return values;
}();

std::uint8_t hex_value(char c) noexcept { return hex_values[static_cast<std::uint8_t>(c)]; }

int base64_value(char c) noexcept {
    const auto at = c == '\0' ? std::string_view::npos : base64_digits.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

} // namespace

std::string to_hex(std::span<const std::uint8_t> data) {
    std::string out;
    out.reserve(data.size() * 2);
    for (const std::uint8_t byte : data) {
        out += hex_digits[byte >> 4];
        out += hex_digits[byte & 0xf];
    }
    return out;
}

std::string to_base64(std::span<const std::uint8_t> data) {
    std::string out;
    out.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, data.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = (bits << 8) | (k < count ? data[i + k] : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= count ? base64_digits[(bits >> (18 - 6 * k)) & 0x3f] : '=';
        }
    }
    return out;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::vector<std::uint8_t> out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::uint8_t high = hex_value(text[i]);
        const std::uint8_t low = hex_value(text[i + 1]);
        if (high == no_digit || low == no_digit) {
            return std::nullopt;
        }
        out.push_back(static_cast<std::uint8_t>(high << 4 | low));
    }
    return out;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::vector<std::uint8_t> out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text.substr(0, text.size() - padding)) {
        const int value = base64_value(c);
        if (value < 0) {
            return std::nullopt;
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::uint8_t>(bits >> held));
            bits &= (1U << held) - 1;
        }
    }
    if (bits != 0) {
        return std::nullopt;
    }
    return out;
}

std::string random_hex(std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    if (count > 0 && RAND_bytes(bytes.data(), static_cast<int>(count)) != 1) {
        throw std::runtime_error("OpenSSL: no random bytes");
    }
    return to_hex(bytes);
}

} // namespace seedhook::crypto
