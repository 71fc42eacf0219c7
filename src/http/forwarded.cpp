// Reading X-Forwarded-For from its end.
#include "http/forwarded.hpp"

#include "seedhook/model/text.hpp"

#include <string>
#include <string_view>

namespace seedhook::http {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t longest_address = 45;

bool is_port(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
std::optional<ip::address> read_entry(std::string_view text) {
    bool v6 = text.starts_with('[');
    if (v6) {
        const std::size_t end = text.find(']');
        const std::string_view rest = end == std::string_view::npos ? "?" : text.substr(end + 1);
        if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1)))) {
            return std::nullopt;
        }
        text = text.substr(1, end - 1);
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        v6 = text.find(':', colon + 1) != std::string_view::npos;
        if (!v6 && !is_port(text.substr(colon + 1))) {
            return std::nullopt;
        }
        text = v6 ? text : text.substr(0, colon);
    }
    if (text.size() > longest_address || text.find_first_of(std::string_view("%\0", 2)) != std::string_view::npos) {
        return std::nullopt;
    }
    boost::system::error_code failure;
    const ip::address read = ip::make_address(std::string(text), failure);
    return failure || read.is_v6() != v6 ? std::nullopt : std::optional(read);
}

} // namespace

std::optional<ip::address> forwarded_client(const std::vector<field_view>& fields, const trusted_proxies& trusted) {
    std::optional<ip::address> nearest;
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
        if (!same_name(field->name, "X-Forwarded-For")) {
            continue;
        }
        for (std::string_view rest = field->value; !rest.empty();) {
            const std::size_t comma = rest.rfind(',');
            const bool last = comma == std::string_view::npos;
            const std::string_view entry = trimmed(last ? rest : rest.substr(comma + 1));
            rest = last ? std::string_view() : rest.substr(0, comma);
            if (entry.empty()) {
                continue; // RFC 9110, 5.6.1: empty elements count for nothing
            }
            const auto read = read_entry(entry);
            if (!read) {
                return nearest;
            }
            nearest = read;
            if (!trusted.holds(*read)) {
                return nearest;
            }
        }
    }
    return nearest;
}

} // namespace seedhook::http
