// Log lines as text and JSON. What varies comes from strangers too (paths, headers, upstream's messages), so every
// text goes through one escaping function.
#include "log/line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace seedhook::log {
namespace {

constexpr std::size_t text_limit = 4096;
constexpr std::string_view hex_digits = "0123456789abcdef";

enum class form { plain_text, quoted_text, json };

struct code_point {
    std::uint32_t value = 0;
    std::size_t length = 0; // 0: the byte does not begin a valid sequence
};

// The first character of `s`, which is not empty (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
code_point decode(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || s.size() < length) {
        return {};
    }
    std::uint32_t value = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return {};
        }
        value = (value << 6) | (byte(i) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return {};
    }
    return {value, length};
}

// Characters that a terminal or an editor would obey rather than show.
bool must_escape(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void append_escape(std::string& out, std::uint32_t c) { // only for characters below U+10000
    switch (c) {
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) {
            out += hex_digits[(c >> shift) & 0xf];
        }
    }
}

void append_invalid(std::string& out, char byte, form as) {
    if (as == form::json) {
        out += "\\ufffd";
        return;
    }
    const auto value = static_cast<std::uint8_t>(byte);
    out += "\\x";
    out += hex_digits[value >> 4];
    out += hex_digits[value & 0xf];
}

// The bytes at the beginning of `text` that stand for themselves in every form: nearly always all of them.
std::size_t plain_length(std::string_view text) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), plain) - text.begin());
}

void append_escaped(std::string& out, std::string_view text, form as) {
    std::size_t at = plain_length(text.substr(0, text_limit));
    out.append(text, 0, at);
    while (at < text.size()) {
        if (at >= text_limit) {
            out += "…";
            return;
        }
        const code_point c = decode(text.substr(at));
        if (c.length == 0) {
            append_invalid(out, text[at], as);
            ++at;
            continue;
        }
        if (must_escape(c.value)) {
            append_escape(out, c.value);
        } else {
            if (c.value == '\\' || (c.value == '"' && as != form::plain_text)) {
                out += '\\';
            }
            out.append(text, at, c.length);
        }
        at += c.length;
    }
}

bool needs_quotes(std::string_view value) {
    for (const char c : value) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '=' || c == '\\') {
            return true;
        }
    }
    return value.empty();
}

void append_digits(std::string& out, unsigned value, unsigned width) {
    std::array<char, 8> digits{};
    for (unsigned i = width; i-- > 0; value /= 10) {
        digits[i] = static_cast<char>('0' + value % 10);
    }
    out.append(digits.data(), width);
}

void append_time(std::string& out, line_time at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(at - day);
    append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
    out += ':';
    append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out += ':';
    append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
    out += '.';
    append_digits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
    out += 'Z';
}

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end.ptr);
}

void append_value(std::string& out, const field& f, bool json) {
    const auto append = [&](const auto& value) {
        using type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<type, std::string_view>) {
            const bool quotes = json || needs_quotes(value);
            out += quotes ? "\"" : "";
            append_escaped(out, value, json ? form::json : quotes ? form::quoted_text : form::plain_text);
            out += quotes ? "\"" : "";
        } else if constexpr (std::is_same_v<type, bool>) {
            out += value ? "true" : "false";
        } else if constexpr (std::is_same_v<type, double>) {
            if (json && !std::isfinite(value)) {
                out += "null";
            } else {
                append_number(out, value);
            }
        } else {
            append_number(out, value);
        }
    };
    std::visit(append, f.value);
}

std::string_view name_of(level l, bool json) {
    switch (l) {
    case level::debug:
        return json ? "debug" : "DEBUG";
    case level::info:
        return json ? "info" : "INFO";
    case level::warning:
        return json ? "warning" : "WARNING";
    case level::error:
        break;
    }
    return json ? "error" : "ERROR";
}

void append_text(std::string& out, std::string_view message, std::initializer_list<field> fields, std::size_t count) {
    append_escaped(out, message, form::plain_text);
    for (const field* f = fields.begin(); f != fields.end() && count > 0; ++f, --count) {
        out += ' ';
        append_escaped(out, f->key, form::plain_text);
        out += '=';
        append_value(out, *f, false);
    }
}

} // namespace

std::string line_text(std::string_view message, std::initializer_list<field> fields, std::size_t count) {
    std::string out;
    append_text(out, message, fields, count);
    return out;
}

std::string text_line(line_time at, level l, std::string_view message, std::initializer_list<field> fields) {
    std::string out;
    out.reserve(160 + message.size());
    append_time(out, at);
    out += ' ';
    out += name_of(l, false);
    out += ' ';
    append_text(out, message, fields, fields.size());
    return out;
}

std::string json_line(line_time at, level l, std::string_view message, std::initializer_list<field> fields) {
    std::string out;
    out.reserve(192 + message.size());
    out += R"({"time":")";
    append_time(out, at);
    out += R"(","level":")";
    out += name_of(l, true);
    out += R"(","message":")";
    append_escaped(out, message, form::json);
    out += '"';
    for (const field& f : fields) {
        out += ",\"";
        append_escaped(out, f.key, form::json);
        out += "\":";
        append_value(out, f, true);
    }
    out += '}';
    return out;
}

} // namespace seedhook::log
