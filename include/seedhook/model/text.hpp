// Text that others wrote, as UTF-8 that may be broken: read code point by code point, and made fit for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace seedhook {

struct code_point {
    char32_t value = 0;
    std::size_t length = 1; // in bytes
    bool valid = false;
};

// The code point that `text`, which must not be empty, begins with. Not valid, and one byte long, where no well-formed
// UTF-8 begins (RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF).
code_point front_code_point(std::string_view text) noexcept;

// True for what acts on a terminal or on the order of the text rather than shows: C0, DEL, C1, line and paragraph
// separators, bidirectional controls.
bool is_control(char32_t value) noexcept;

// `text` with all of these and every byte that is not UTF-8 escaped (`\n`, `\x1b`, `\u{202e}`): it cannot drive a
// terminal, and fits on one line.
std::string printable(std::string_view text);

// `text` with `stand_in` for `secret` wherever it stands; also at the end, where it may be cut short to eight
// characters or more. An empty secret stands nowhere.
std::string without_secret(std::string_view text, std::string_view secret, std::string_view stand_in);

// `text` without the characters of `blanks` at its ends.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") noexcept;

// A to Z become a to z, whatever the locale.
constexpr char lower_case(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower_case(std::string_view text);

// The first `most` bytes, or fewer where a code point would be cut.
std::string shortened(std::string text, std::size_t most);

} // namespace seedhook
