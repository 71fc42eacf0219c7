// Reading proxies and their exceptions from settings and from the environment.
#include "http/proxy.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/http/message.hpp"
#include "seedhook/log/log.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <span>

namespace seedhook::http {

namespace {

error bad_proxy(std::string_view why) { return {errc::invalid, "proxy: " + std::string(why)}; }

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

// The lower-case name first, as curl does.
std::string environment(const char* lower_case, const char* upper_case) {
    const std::string_view value = environment(lower_case);
    return std::string(value.empty() ? environment(upper_case) : value);
}

result<std::string> basic_authorization(std::string_view user_info) {
    const std::size_t colon = user_info.find(':');
    const auto user = percent_decode(user_info.substr(0, colon));
    const auto password =
        percent_decode(colon == std::string_view::npos ? std::string_view() : user_info.substr(colon + 1));
    if (!user || !password || user->find(':') != std::string::npos) {
        return bad_proxy("its user or password is not properly encoded");
    }
    const std::string pair = *user + ":" + *password;
    return "Basic " + crypto::to_base64({reinterpret_cast<const std::uint8_t*>(pair.data()), pair.size()});
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    unsigned value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault != std::errc() || end != digits.data() + digits.size() || value == 0 || value > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(value);
}

bool is_loopback_name(std::string_view host) { return host == "localhost" || host.ends_with(".localhost"); }

} // namespace

result<proxy> parse_proxy(std::string_view text) {
    std::string_view rest = text;
    if (const std::size_t mark = rest.find("://"); mark != std::string_view::npos) {
        if (!same_name(rest.substr(0, mark), "http")) {
            return bad_proxy("its URL does not begin with http://");
        }
        rest.remove_prefix(mark + 3);
    }
    proxy out;
    std::string_view place = rest.substr(0, rest.find('/'));
    if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
        auto credentials = basic_authorization(place.substr(0, at));
        if (!credentials) {
            return credentials.error();
        }
        out.authorization = std::move(*credentials);
        place.remove_prefix(at + 1);
    }
    auto where = parse_url("http://" + std::string(place));
    if (!where) {
        return within("proxy", where.error());
    }
    if (rest.find('/') != std::string_view::npos && rest.substr(rest.find('/')) != "/") {
        return bad_proxy("its URL has a path");
    }
    out.where = std::move(*where);
    return out;
}

result<proxy_exception> proxy_exception::parse(std::string_view text) {
    proxy_exception out;
    std::string_view host = text;
    const std::size_t colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    const bool bare_v6 = !bracketed && std::count(text.begin(), text.end(), ':') > 1;
    if (colon != std::string_view::npos && !bare_v6 && !(bracketed && text.ends_with(']'))) {
        out.port_ = parse_port(text.substr(colon + 1));
        host = text.substr(0, colon);
        if (!out.port_) {
            return bad_proxy("`" + std::string(text) + "` is excepted with a bad port");
        }
    }
    if (bracketed && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    if (auto block = cidr::parse(host)) {
        out.addresses_ = *block;
        return out;
    }
    if (host == "*") {
        out.any_host_ = true;
        return out;
    }
    if (host.starts_with("*.")) {
        host.remove_prefix(1);
    }
    out.names_below_only_ = host.starts_with('.');
    if (out.names_below_only_) {
        host.remove_prefix(1);
    }
    const auto as_url = parse_url("http://" + std::string(host));
    if (!as_url || as_url->authority() != as_url->host || as_url->target != "/") {
        return bad_proxy("`" + std::string(text) + "` is no host, suffix, address or CIDR to except");
    }
    out.name_ = as_url->host;
    return out;
}

bool proxy_exception::covers(const url& target) const {
    if (port_ && *port_ != target.port) {
        return false;
    }
    if (any_host_) {
        return true;
    }
    if (addresses_) {
        return target.address && addresses_->contains(*target.address);
    }
    return (!names_below_only_ && target.host == name_) || host_matches("*." + name_, target.host);
}

result<proxy_table> proxy_table::make(const proxy_settings& settings) {
    proxy_table out;
    for (const auto& [text, into] : {std::pair(&settings.https, &out.https_), std::pair(&settings.http, &out.http_)}) {
        if (text->empty()) {
            continue;
        }
        auto parsed = parse_proxy(*text);
        if (!parsed) {
            return parsed.error();
        }
        *into = std::move(*parsed);
    }
    for (const std::string& text : settings.except) {
        auto parsed = proxy_exception::parse(text);
        if (!parsed) {
            return parsed.error();
        }
        out.except_.push_back(std::move(*parsed));
    }
    return out;
}

const proxy* proxy_table::find(const url& target) const {
    const auto& chosen = target.scheme == "https" ? https_ : http_;
    if (!chosen || is_loopback_name(target.host) || (target.address && target.address->is_loopback())) {
        return nullptr;
    }
    const bool excepted = std::any_of(except_.begin(), except_.end(),
                                      [&target](const proxy_exception& one) { return one.covers(target); });
    return excepted ? nullptr : &*chosen;
}

proxy_settings proxy_settings::from_environment() {
    proxy_settings out;
    out.https = environment("https_proxy", "HTTPS_PROXY");
    out.http = environment("http_proxy");
    std::string entry;
    for (const char c : environment("no_proxy", "NO_PROXY") + ",") {
        if (c != ',' && c != ' ' && c != '\t') {
            entry += c;
            continue;
        }
        if (!entry.empty() && !proxy_exception::parse(entry)) {
            log::warning("NO_PROXY has an entry that is not understood", {{"entry", std::string_view(entry)}});
        } else if (!entry.empty()) {
            out.except.push_back(entry);
        }
        entry.clear();
    }
    return out;
}

} // namespace seedhook::http
