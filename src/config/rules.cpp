// Syntax of names, addresses, paths and patterns.
#include "config/rules.hpp"

#include "seedhook/model/path_template.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace seedhook::config {
namespace {

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t longest_path = 4095;
constexpr std::size_t longest_source_path = 1024;
constexpr std::size_t longest_host = 253;
constexpr std::size_t longest_url = 2048;
constexpr std::size_t longest_bearer = 4096;

bool consists_of(std::string_view text, std::string_view also) {
    return std::all_of(text.begin(), text.end(), [also](char c) {
        return letters_and_digits.find(c) != std::string_view::npos || also.find(c) != std::string_view::npos;
    });
}

bool consists_only_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == std::string_view::npos;
}

std::optional<unsigned> number_up_to(std::string_view text, unsigned most) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failed != std::errc{} || end != text.data() + text.size() || value > most) {
        return {};
    }
    return value;
}

using address_bytes = std::array<unsigned char, sizeof(in6_addr)>;

// Of an address of that family; IPv4 has the first four.
std::optional<address_bytes> read_address(int family, std::string_view text) {
    address_bytes bytes{};
    const bool terminated = text.find('\0') == std::string_view::npos;
    return terminated && inet_pton(family, std::string(text).c_str(), bytes.data()) == 1 ? std::optional(bytes)
                                                                                         : std::nullopt;
}

struct endpoint_text {
    std::string_view host; // without brackets
    bool v6 = false;
    std::string_view port;
};

std::optional<endpoint_text> split_endpoint(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) {
        return {};
    }
    endpoint_text out{address.substr(0, colon), false, address.substr(colon + 1)};
    if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') {
        out.host = out.host.substr(1, out.host.size() - 2);
        out.v6 = true;
    }
    return out;
}

bool is_unix_address(std::string_view text) {
    constexpr std::string_view scheme = "unix:/";
    const std::size_t path_length = text.size() - std::min(text.size(), scheme.size() - 1);
    return text.starts_with(scheme) && path_length > 1 && path_length < sizeof(sockaddr_un::sun_path);
}

bool is_host_name(std::string_view text) {
    if (text.empty() || text.size() > longest_host) {
        return false;
    }
    while (true) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        if (label.empty() || label.size() > 63 || !consists_of(label, "-_") || label.front() == '-' ||
            label.back() == '-') {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

struct url_parts {
    std::string_view scheme; // `http` or `https`
    std::string_view host;   // an IPv6 address without its brackets
    bool v6 = false;
    std::string_view target; // from the path on
};

// The last label of a name is no number, or a resolver might read the whole as an address.
bool is_url_host(std::string_view host, bool v6) {
    if (v6 || read_address(AF_INET, host)) {
        return read_address(v6 ? AF_INET6 : AF_INET, host).has_value();
    }
    const std::string_view last = host.substr(host.rfind('.') + 1);
    const bool number = consists_only_of(last, "0123456789") || last.starts_with("0x") || last.starts_with("0X");
    return is_host_name(host) && !number;
}

// An absolute URL of http or https; no user information.
std::optional<url_parts> split_url(std::string_view text) {
    constexpr std::string_view separator = "://";
    const std::size_t colon = text.find(separator);
    if (colon == std::string_view::npos || text.size() > longest_url) {
        return {};
    }
    url_parts out;
    out.scheme = text.substr(0, colon);
    text.remove_prefix(colon + separator.size());
    const std::size_t path = std::min(text.find_first_of("/?#"), text.size());
    out.target = text.substr(path);
    std::string_view authority = text.substr(0, path);
    out.v6 = authority.starts_with('[');
    const std::size_t bracket = out.v6 ? authority.find(']') : 0;
    const std::size_t port = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
    if (port != std::string_view::npos) {
        const auto number = number_up_to(authority.substr(port + 1), 65535);
        if (!number || *number == 0) {
            return {};
        }
        authority = authority.substr(0, port);
    }
    if (out.v6 && !authority.ends_with(']')) {
        return {};
    }
    out.host = out.v6 ? authority.substr(1, authority.size() - 2) : authority;
    const bool known = out.scheme == "https" || out.scheme == "http";
    return known && is_url_host(out.host, out.v6) ? std::optional(out) : std::nullopt;
}

bool is_loopback(const url_parts& url) {
    return url.host == "localhost" ||
           is_local_address((url.v6 ? "[" + std::string(url.host) + "]" : std::string(url.host)) + ":1");
}

// RFC 3986, 3.3 and 3.4, with whole percent-encodings only.
bool is_encoded(std::string_view target) {
    for (std::size_t i = target.find('%'); i != std::string_view::npos; i = target.find('%', i + 1)) {
        const std::string_view digits = target.substr(i + 1, 2);
        if (digits.size() != 2 || !consists_only_of(digits, "0123456789abcdefABCDEF")) {
            return false;
        }
    }
    return consists_of(target, "/-._~!$&'()*+,;=:@%?");
}

bool is_header_name(std::string_view text) { return !text.empty() && consists_of(text, "!#$%&'*+-.^_`|~"); }

} // namespace

complaint name_rule(std::string_view text) {
    if (text.empty() || text.size() > 64 || !consists_of(text, "_-")) {
        return "1 to 64 letters, digits, `_` or `-`";
    }
    return {};
}

complaint absolute_path_rule(std::string_view text) {
    if (!text.starts_with('/') || text.size() > longest_path) {
        return "an absolute path (all paths here are)";
    }
    return {};
}

complaint source_path_rule(std::string_view text) {
    if (!text.starts_with('/') || text.size() > longest_source_path) {
        return "a path that begins with `/`";
    }
    if (text.find_first_of("?#") != std::string_view::npos) {
        return "a path without a query or fragment";
    }
    // `{` would name a capture to the router, and percent-encoding would give one path two spellings.
    if (!consists_of(text, "/-._~!$&'()*+,;=:@")) {
        return "a path of letters, digits and -._~!$&'()*+,;=:@ between slashes";
    }
    const std::string bounded = std::string(text) + "/";
    if (bounded.find("/./") != std::string::npos || bounded.find("/../") != std::string::npos ||
        text.find("//") != std::string_view::npos) {
        return "a path without `.`, `..` or empty segments";
    }
    return {};
}

complaint listen_address_rule(std::string_view text) {
    const auto parts = split_endpoint(text);
    const bool tcp =
        parts && number_up_to(parts->port, 65535) && read_address(parts->v6 ? AF_INET6 : AF_INET, parts->host);
    if (tcp || is_unix_address(text) || text == "systemd") {
        return {};
    }
    return "an address such as 127.0.0.1:8443, [::]:8443, unix:/run/seedhook.sock or systemd";
}

complaint control_address_rule(std::string_view text) {
    if (text == "systemd" || listen_address_rule(text)) {
        return "an address such as unix:/run/seedhook/control.sock, 127.0.0.1:9090 or [::1]:9090";
    }
    return {};
}

complaint host_name_rule(std::string_view text) {
    if (!is_host_name(text)) {
        return "a host name such as seedhook.example.com, without a port";
    }
    return {};
}

complaint gateway_address_rule(std::string_view text) {
    if (text == "systemd" || listen_address_rule(text)) {
        return "an address such as 127.0.0.1:8090, [::]:8090 or unix:/run/seedhook/gateway.sock";
    }
    return {};
}

complaint host_pattern_rule(std::string_view text) {
    if (!is_host_name(text.starts_with("*.") ? text.substr(2) : text)) {
        return "a host name such as example.com, or *.example.com for all below it";
    }
    return {};
}

complaint trusted_proxy_rule(std::string_view text) {
    const complaint network = text == "unix" ? complaint() : cidr_rule(text);
    return network ? *network + ", or `unix`" : network;
}

complaint cidr_rule(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    const std::string_view digits = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
    const bool v6 = address.find(':') != std::string_view::npos;
    const unsigned most = v6 ? 128 : 32;
    const auto network = read_address(v6 ? AF_INET6 : AF_INET, address);
    const auto bits = slash == std::string_view::npos ? most : number_up_to(digits, most);
    if (!network || !bits || (digits.size() > 1 && digits.front() == '0')) {
        return "an address or a network such as 10.0.0.0/8 or fd00::/8";
    }
    for (unsigned i = *bits; i < most; ++i) {
        if (((*network)[i / 8] & (0x80U >> (i % 8))) != 0) {
            return "an address or a network without bits set after its prefix";
        }
    }
    return {};
}

complaint header_name_rule(std::string_view text) {
    if (!is_header_name(text)) {
        return "the name of a header";
    }
    return {};
}

complaint signature_prefix_rule(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; })) {
        return "printable ASCII";
    }
    // A field's value never begins with one, so that no callback would ever verify.
    if (text.starts_with(' ')) {
        return "printable ASCII that does not begin with a space";
    }
    return {};
}

complaint signed_content_rule(std::string_view text) {
    constexpr std::string_view header = "header:";
    unsigned bodies = 0;
    while (!text.empty()) {
        const std::size_t brace = text.find_first_of("{}");
        if (brace == std::string_view::npos) {
            break;
        }
        const std::size_t end = text.find_first_of("{}", brace + 1);
        if (text[brace] == '}' || end == std::string_view::npos || text[end] == '{') {
            return "text without a `{` or `}` of its own";
        }
        const std::string_view name = text.substr(brace + 1, end - brace - 1);
        if (name == "body") {
            ++bodies;
        } else if (!name.starts_with(header) || !is_header_name(name.substr(header.size()))) {
            return "text with {body} and {header:NAME} only";
        }
        text.remove_prefix(end + 1);
    }
    if (bodies != 1) {
        return "text that holds {body} exactly once";
    }
    return {};
}

complaint file_template_rule(std::string_view text) {
    const auto parsed = path_template::parse(text);
    if (!parsed) {
        return "a file name template (" + parsed.error().message + ")";
    }
    return {};
}

complaint account_rule(std::string_view text) {
    if (text.empty() || text.size() > 256 || text.front() == '-' || !consists_of(text, "_-.@$")) {
        return "the name or number of a user or group";
    }
    return {};
}

complaint base_url_rule(std::string_view text) {
    const auto url = split_url(text);
    if (!url || !is_encoded(url->target) || url->target.find_first_of("?#%") != std::string_view::npos) {
        return "a URL such as https://www.seedance2.ink, with a path at most";
    }
    if (url->scheme == "http" && !is_loopback(*url)) {
        return "an https URL: the API key goes there (http is for loopback alone)";
    }
    return {};
}

complaint callback_url_rule(std::string_view text) {
    const auto url = split_url(text);
    if (!url || !is_encoded(url->target)) {
        return "a URL such as https://hooks.example.com/hooks/seedance";
    }
    return {};
}

complaint endpoint_rule(std::string_view text) {
    const auto url = split_url(text);
    if (!url || !is_encoded(url->target) || url->target.find_first_of("?#%") != std::string_view::npos) {
        return "a URL such as https://s3.eu-central-1.amazonaws.com, with a path at most";
    }
    return {};
}

complaint bucket_rule(std::string_view text) {
    if (text.size() < 3 || text.size() > 255 || !consists_of(text, "-._") ||
        text.find("..") != std::string_view::npos || text.front() == '.' || text.front() == '-') {
        return "a bucket's name: 3 to 255 letters, digits, `-`, `.` or `_`, as in `videos-2026`";
    }
    return {};
}

complaint region_rule(std::string_view text) {
    if (text.empty() || text.size() > 64 || !consists_of(text, "-_")) {
        return "a region such as eu-central-1, us-east-1 or auto";
    }
    return {};
}

complaint variable_name_rule(std::string_view text) {
    if (text.empty() || !consists_of(text, "_") || (text.front() >= '0' && text.front() <= '9')) {
        return "the name of an environment variable: letters, digits and `_`";
    }
    if (text.starts_with("SEEDHOOK_")) {
        return "a name that does not begin with SEEDHOOK_";
    }
    return {};
}

complaint token_rule(std::string_view text) {
    if (text.empty() || text.size() > 128 || !consists_of(text, "_-")) {
        return "1 to 128 letters, digits, `_` or `-`";
    }
    return {};
}

std::string_view pattern_of(rule check) {
    constexpr std::array<std::pair<rule, std::string_view>, 9> patterns{{
        {name_rule, "^[A-Za-z0-9_-]{1,64}$"},
        {absolute_path_rule, "^/"},
        {source_path_rule, "^/[^?#%]*$"},
        {listen_address_rule, "^(.+:[0-9]{1,5}|unix:/.+|systemd)$"},
        {gateway_address_rule, "^(.+:[0-9]{1,5}|unix:/.+)$"},
        {control_address_rule, "^unix:/.+$"},
        {base_url_rule, "^https?://[^?#%]+$"},
        {callback_url_rule, "^https?://[^#]+$"},
        {endpoint_rule, "^https?://[^?#%]+$"},
    }};
    const auto* found =
        std::find_if(patterns.begin(), patterns.end(), [check](const auto& p) { return p.first == check; });
    return found == patterns.end() ? std::string_view() : found->second;
}

bool is_readable_by_others(std::string_view url) {
    const auto parts = split_url(url);
    return parts && parts->scheme == "http" && !is_loopback(*parts);
}

complaint bearer_rule(std::string_view text) {
    const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F; };
    if (text.empty() || text.size() > longest_bearer || !std::all_of(text.begin(), text.end(), is_visible)) {
        return "one or more visible ASCII characters, without spaces";
    }
    return {};
}

bool is_local_address(std::string_view address) {
    const auto parts = split_endpoint(address);
    if (address.starts_with("unix:") || !parts) {
        return address.starts_with("unix:");
    }
    const auto bytes = read_address(parts->v6 ? AF_INET6 : AF_INET, parts->host);
    constexpr address_bytes loopback_v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return bytes && (parts->v6 ? *bytes == loopback_v6 : bytes->front() == 127);
}

} // namespace seedhook::config
