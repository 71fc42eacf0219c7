// Against DNS rebinding, cross-site requests and strangers, in this order.
#include "control/access.hpp"

#include "seedhook/http/credentials.hpp"
#include "seedhook/log/seldom.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace seedhook::control {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view page = "/";
constexpr std::array<std::string_view, 4> open_paths{page, "/dashboard.css", "/dashboard.js", "/healthz"};

// Of `name:port`, `[v6]:port` or either without a port.
std::string_view without_port(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
    }
    return authority.substr(0, authority.find(':'));
}

std::optional<ip::address> address_in(std::string_view text) {
    boost::system::error_code failed;
    const ip::address parsed = ip::make_address(std::string(text), failed);
    return failed ? std::nullopt : std::optional(parsed);
}

bool is_one_of_ours_by_address(const config::control& settings, std::string_view name) {
    const auto asked = address_in(name);
    const bool to_loopback = http::same_name(name, "localhost") || (asked && asked->is_loopback());
    if (settings.address.starts_with("unix:")) {
        return to_loopback;
    }
    const auto ours = address_in(without_port(settings.address));
    if (!ours || ours->is_loopback()) {
        return to_loopback;
    }
    return ours->is_unspecified() ? to_loopback || asked.has_value() : asked == ours;
}

http::response denied(unsigned status, std::string_view code, std::string_view message, const http::request& asked) {
    log::write_seldom(log::level::warning, "a request to the control API was refused", 1,
                      {{"code", code}, {"peer", asked.peer}, {"path", asked.path.substr(0, 256)}});
    return http::error_response(status, code, message);
}

} // namespace

bool is_our_host(const config::control& settings, std::string_view host) {
    const std::string_view name = without_port(host);
    const auto same = [name](const std::string& one) { return http::same_name(one, name); };
    return std::any_of(settings.hosts.begin(), settings.hosts.end(), same) || is_one_of_ours_by_address(settings, name);
}

bool is_from_our_page(const http::request& asked) {
    if (asked.count("Origin") > 0) {
        constexpr std::string_view separator = "://";
        const std::string_view origin = asked.find("Origin").value_or("");
        const std::size_t at = origin.find(separator);
        return at != std::string_view::npos &&
               http::same_name(origin.substr(at + separator.size()), asked.find("Host").value_or(""));
    }
    const std::string_view site = asked.find("Sec-Fetch-Site").value_or("none");
    const bool follows_a_link = (asked.method == "GET" || asked.method == "HEAD") && asked.path == page &&
                                asked.find("Sec-Fetch-Mode") == "navigate";
    return site == "none" || site == "same-origin" || follows_a_link;
}

std::optional<http::response> refusal(const config::control& settings, const http::request& asked) {
    if (!is_our_host(settings, asked.find("Host").value_or(""))) {
        return denied(421, "unknown_host", "the request's Host is no name of this daemon's: see control.hosts", asked);
    }
    if (!is_from_our_page(asked)) {
        return denied(403, "forbidden", "pages of other sites may not use the control API", asked);
    }
    const bool open = std::find(open_paths.begin(), open_paths.end(), asked.path) != open_paths.end();
    if (settings.token.empty() || open || http::bears(asked, settings.token.reveal())) {
        return std::nullopt;
    }
    auto answer = denied(401, "unauthorized", "the Bearer must be control.token", asked);
    answer.fields.emplace_back("WWW-Authenticate", "Bearer");
    return answer;
}

} // namespace seedhook::control
