// Strict URLs: the grammar of paths and queries is Boost.URL's, hosts are narrower than it would have them.
#include "seedhook/http/url.hpp"

#include "seedhook/model/text.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace seedhook::http {

namespace urls = boost::urls;

namespace {

constexpr std::size_t longest_url = 8 * 1024;
constexpr std::size_t longest_host = 253; // RFC 1035, 2.3.4, as text
constexpr std::size_t longest_label = 63;

error invalid(std::string_view why) { return {errc::invalid, "URL: " + std::string(why)}; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_label_character(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }
// inet_aton(3), which resolvers try first, reads `0x7f.1` and `2130706433` as addresses. A last label that is a number
// is never a name (RFC 1123, 2.1), so such hosts are refused unless they are strict dotted quads.
bool is_number(std::string_view label) noexcept {
    if (label.size() >= 2 && label[0] == '0' && lower_case(label[1]) == 'x') {
        return std::all_of(label.begin() + 2, label.end(), is_hex);
    }
    return std::all_of(label.begin(), label.end(), is_digit);
}

const char* fault_of_name(std::string_view name) noexcept {
    if (name.empty()) {
        return "it has no host";
    }
    if (name.size() > longest_host) {
        return "its host is too long";
    }
    for (std::string_view rest = name;;) {
        const std::string_view label = rest.substr(0, rest.find('.'));
        if (label.empty() || label.size() > longest_label || label.front() == '-' || label.back() == '-' ||
            !std::all_of(label.begin(), label.end(), is_label_character)) {
            return "its host is not a name";
        }
        if (label.size() == rest.size()) {
            return is_number(label) ? "its host is neither a name nor a dotted quad" : nullptr;
        }
        rest.remove_prefix(label.size() + 1);
    }
}

// The part between `//` and the path. Boost.URL 1.81 does not take `1.2.3.4.example` for a host, so this is done here.
struct authority {
    std::string_view host; // IPv6 in its brackets
    std::string_view port;
};

result<authority> split_authority(std::string_view text) {
    if (text.find('@') != std::string_view::npos) {
        return invalid("user information is not allowed in it");
    }
    authority out;
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == std::string_view::npos) {
        return invalid("its host is not closed");
    }
    const std::size_t colon = text.find(':', bracket);
    out.host = text.substr(0, colon);
    out.port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    return out;
}

result<void> read_host(std::string_view text, url& into) {
    boost::system::error_code fault;
    if (text.starts_with('[')) {
        // The parser of addresses would also take a scope id and what follows the bracket.
        const std::string inner(text.substr(1, text.size() - 2));
        const bool plain = text.ends_with(']') && inner.find('%') == std::string::npos;
        into.address = boost::asio::ip::make_address_v6(inner, fault);
        if (fault || !plain) {
            return invalid("its host is no IPv6 address");
        }
        into.host = into.address->to_string();
        return {};
    }
    const auto quad = boost::asio::ip::make_address_v4(std::string(text), fault);
    if (!fault) {
        into.address = quad;
        into.host = text; // no other spelling is taken for an address
        return {};
    }
    into.host = lower_case(text);
    if (const char* why = fault_of_name(into.host)) {
        return invalid(why);
    }
    return {};
}

result<void> read_port(std::string_view digits, url& into) {
    into.port = into.scheme == "https" ? 443 : 80;
    if (digits.empty()) {
        return {};
    }
    unsigned value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault != std::errc() || end != digits.data() + digits.size() || value == 0 || value > 65535) {
        return invalid("its port is not one");
    }
    into.port = static_cast<std::uint16_t>(value);
    return {};
}

// Path and query, checked against RFC 3986; the fragment is checked, too, and dropped.
result<std::string> read_target(std::string_view rest) {
    const std::size_t end = std::min(rest.find('#'), rest.size());
    const std::string_view fragment = rest.substr(end);
    std::string target = rest.starts_with('/') ? "" : "/";
    target.append(rest, 0, end);
    if (!urls::parse_origin_form(target) || !urls::parse_relative_ref({fragment.data(), fragment.size()})) {
        return invalid("its path or query has characters that must be encoded");
    }
    return target;
}

// The scheme of an absolute URL; empty for a relative reference.
std::string scheme_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find_first_of("/?#") < colon) {
        return {};
    }
    return lower_case(text.substr(0, colon));
}

// RFC 3986, 5.2.4, for a path that begins with `/`.
std::string without_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::string_view segment = path.substr(0, path.find('/', 1));
        path.remove_prefix(segment.size());
        const bool up = segment == "/..";
        if (up) {
            out.erase(std::min(out.rfind('/'), out.size()));
        }
        if (!up && segment != "/.") {
            out += segment;
        } else if (path.empty()) {
            out += '/';
        }
    }
    return out;
}

const char* fault_of_text(std::string_view text) noexcept {
    if (text.size() > longest_url) {
        return "it is too long";
    }
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    return printable ? nullptr : "it has characters that no URL has";
}

} // namespace

std::string url::authority() const {
    std::string out = address && address->is_v6() ? "[" + host + "]" : host;
    if (port != (scheme == "https" ? 443 : 80)) {
        out += ":" + std::to_string(port);
    }
    return out;
}

std::string url::origin() const { return scheme + "://" + host + ":" + std::to_string(port); }

std::string url::text() const { return scheme + "://" + authority() + target; }

result<url> parse_url(std::string_view text) {
    if (const char* fault = fault_of_text(text)) {
        return invalid(fault);
    }
    url into;
    into.scheme = scheme_of(text);
    if (into.scheme.empty()) {
        return invalid("it is not absolute");
    }
    if (into.scheme != "http" && into.scheme != "https") {
        return error(errc::refused, "URL: its scheme is neither https nor http");
    }
    text.remove_prefix(into.scheme.size() + 1);
    if (!text.starts_with("//")) {
        return invalid("it has no host");
    }
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
    const auto place = split_authority(text.substr(0, end));
    if (!place) {
        return place.error();
    }
    if (auto host = read_host(place->host, into); !host) {
        return host.error();
    }
    if (auto port = read_port(place->port, into); !port) {
        return port.error();
    }
    auto target = read_target(text.substr(end));
    if (!target) {
        return target.error();
    }
    into.target = std::move(*target);
    return into;
}

result<url> resolve_url(const url& base, std::string_view reference) {
    const bool has_scheme = !scheme_of(reference).empty();
    if (has_scheme || reference.starts_with("//")) {
        auto whole = parse_url(has_scheme ? std::string(reference) : base.scheme + ":" + std::string(reference));
        if (whole) {
            const std::size_t path = std::min(whole->target.find('?'), whole->target.size());
            whole->target.replace(0, path, without_dot_segments(whole->target.substr(0, path)));
        }
        return whole;
    }
    const std::string_view path = reference.substr(0, reference.find_first_of("?#"));
    const std::string_view rest = reference.substr(path.size());
    const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
    std::string target;
    if (path.empty()) {
        target = rest.starts_with('?') ? base_path : std::string_view(base.target);
    } else if (path.starts_with('/')) {
        target = without_dot_segments(path);
    } else {
        target = without_dot_segments(std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(path));
    }
    return parse_url(base.scheme + "://" + base.authority() + target.append(rest));
}

bool host_matches(std::string_view pattern, std::string_view host) {
    const std::string wanted = lower_case(pattern);
    const std::string given = lower_case(host);
    if (!wanted.starts_with("*.")) {
        return wanted == given;
    }
    const std::string_view suffix = std::string_view(wanted).substr(1);
    return given.size() > suffix.size() && given.ends_with(suffix);
}

} // namespace seedhook::http
