// The gate's view of raw bytes. Tables instead of <cctype>: no locale, and one load a byte.
#include "http/gate_bytes.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace seedhook::http {
namespace {

enum char_class : unsigned char { token = 1, value_char = 2, target_char = 4, host_char = 8, digit = 16, hex = 32 };

constexpr std::array<unsigned char, 256> make_classes() {
    std::array<unsigned char, 256> table{};
    const auto mark = [&table](std::string_view chars, unsigned char as) {
        for (const char c : chars) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<unsigned char>(entry | as);
        }
    };
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    constexpr std::string_view digits = "0123456789";
    mark(letters, token | host_char);
    mark(digits, token | host_char | digit | hex);
    mark("abcdefABCDEF", hex);
    mark("!#$%&'*+-.^_`|~", token);     // RFC 9110, 5.6.2
    mark("-._~!$&'()*+,;=", host_char); // RFC 3986, reg-name: unreserved and sub-delims; `%` is looked at apart
    for (unsigned c = 0x21; c < 0x7f; ++c) {
        table[c] = static_cast<unsigned char>(table[c] | value_char | (c == '#' ? 0 : target_char));
    }
    for (unsigned c = 0x80; c < 0x100; ++c) {
        table[c] = value_char; // obs-text
    }
    mark(" \t", value_char);
    return table;
}

constexpr std::array<unsigned char, 256> classes = make_classes();

constexpr bool is(char c, unsigned char wanted) noexcept {
    return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

bool all(std::string_view text, unsigned char wanted) noexcept {
    return std::all_of(text.begin(), text.end(), [wanted](char c) { return is(c, wanted); });
}

// The line before the next CRLF, taken off the front with its CRLF; nothing when a bare CR or LF comes first.
std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') {
        return std::nullopt;
    }
    const std::string_view line = rest.substr(0, end - 1);
    rest.remove_prefix(end + 1);
    return line; // a CR left within it is refused with the other control characters
}

std::optional<refusal> check_version(std::string_view version) noexcept {
    if (version == "HTTP/1.1" || version == "HTTP/1.0") {
        return std::nullopt;
    }
    const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" && is(version[5], digit) &&
                             version[6] == '.' && is(version[7], digit);
    if (well_formed) {
        return refusal{505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    }
    return bad_request("the request line does not end with a version");
}

std::optional<refusal> check_request_line(std::string_view line) noexcept {
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) {
        return bad_request("the request line is not: method, target, version");
    }
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    if (method.empty() || !all(method, token)) {
        return bad_request("the method is not a token");
    }
    if (target.empty() || target.front() != '/' || !all(target, target_char)) {
        return bad_request("the target is not in origin form");
    }
    return check_version(line.substr(second + 1));
}

std::optional<refusal> check_field_line(std::string_view line) noexcept {
    if (line.front() == ' ' || line.front() == '\t') {
        return bad_request("a folded field line");
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return bad_request("a field line without a colon");
    }
    if (colon == 0 || !all(line.substr(0, colon), token)) {
        return bad_request("a field name is not a token");
    }
    if (!all(line.substr(colon + 1), value_char)) {
        return bad_request("a control character in a field value");
    }
    return std::nullopt;
}

bool is_name(std::string_view name) noexcept {
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '%') {
            if (name.size() - i < 3 || !is(name[i + 1], hex) || !is(name[i + 2], hex)) {
                return false;
            }
            i += 2;
        } else if (!is(name[i], host_char)) {
            return false;
        }
    }
    return !name.empty();
}

bool is_port(std::string_view port) noexcept {
    unsigned value = 0;
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), value);
    return failure == std::errc{} && end == port.data() + port.size() && value <= 65535 && all(port, digit);
}

bool is_v6_address(std::string_view text) noexcept {
    std::array<char, 64> terminated{};
    if (text.size() >= terminated.size() || text.find('%') != std::string_view::npos) {
        return false;
    }
    std::memcpy(terminated.data(), text.data(), text.size());
    boost::system::error_code failure;
    boost::asio::ip::make_address_v6(terminated.data(), failure);
    return !failure;
}

} // namespace

std::optional<std::size_t> end_of_head(std::string_view bytes, std::size_t searched) noexcept {
    constexpr std::string_view end = "\r\n\r\n";
    const std::size_t found = bytes.find(end, searched < end.size() ? 0 : searched - (end.size() - 1));
    return found == std::string_view::npos ? std::nullopt : std::optional(found + end.size());
}

std::optional<refusal> check_partial_head(std::string_view bytes, std::size_t searched) noexcept {
    // Of the bytes seen before only a CR at the end was left open.
    for (std::size_t i = searched == 0 ? 0 : searched - 1; i < bytes.size(); ++i) {
        const bool last = i + 1 == bytes.size();
        const bool good = bytes[i] == '\r'   ? last || bytes[i + 1] == '\n'
                          : bytes[i] == '\n' ? i > 0 && bytes[i - 1] == '\r'
                                             : is(bytes[i], value_char);
        if (!good) {
            return bad_request("a control character or a bare line ending in the head");
        }
    }
    if (bytes.starts_with("\r\n")) {
        return bad_request("the request line is empty");
    }
    return std::nullopt;
}

namespace bytes {

head_check check_head(std::string_view head) noexcept {
    head_check checked;
    std::string_view rest = head;
    const std::optional<std::string_view> first = take_line(rest);
    if (!first) {
        checked.wrong = bad_request("a bare line ending in the request line");
        return checked;
    }
    checked.wrong = check_request_line(*first);
    while (!checked.wrong) {
        const std::optional<std::string_view> line = take_line(rest);
        if (!line) {
            checked.wrong = bad_request("a bare line ending in a field line");
        } else if (line->empty()) {
            if (!rest.empty()) {
                checked.wrong = bad_request("bytes after the head");
            }
            break;
        } else {
            checked.wrong = check_field_line(*line);
            ++checked.fields;
        }
    }
    return checked;
}

bool is_token(char c) noexcept { return is(c, token); }

bool is_host(std::string_view value) noexcept {
    if (value.empty()) {
        return false;
    }
    std::string_view host = value;
    std::string_view port;
    const std::size_t after = value.front() == '[' ? value.find(']') : 0;
    if (after == std::string_view::npos) {
        return false;
    }
    if (const std::size_t colon = value.find(':', after); colon != std::string_view::npos) {
        host = value.substr(0, colon);
        port = value.substr(colon + 1);
        if (!is_port(port)) {
            return false;
        }
    }
    if (host.empty()) {
        return false;
    }
    if (host.front() == '[') {
        return host.back() == ']' && is_v6_address(host.substr(1, host.size() - 2));
    }
    return is_name(host);
}

std::optional<std::uint64_t> decimal(std::string_view value) noexcept {
    std::int64_t number = 0; // signed, so that every sum we make of it fits
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failure != std::errc{} || end != value.data() + value.size() || !all(value, digit)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(number);
}

bool list_has(std::string_view list, std::string_view item) noexcept {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view entry = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (!entry.empty() && (entry.front() == ' ' || entry.front() == '\t')) {
            entry.remove_prefix(1);
        }
        while (!entry.empty() && (entry.back() == ' ' || entry.back() == '\t')) {
            entry.remove_suffix(1);
        }
        if (same_name(entry, item)) {
            return true;
        }
    }
    return false;
}

} // namespace bytes
} // namespace seedhook::http
