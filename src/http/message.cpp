// What requests and responses can say about themselves.
#include "seedhook/http/message.hpp"

#include "seedhook/http/client.hpp"
#include "seedhook/model/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace seedhook::http {
namespace {

constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = lower_case(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

} // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower_case(x) == lower_case(y); });
}

std::optional<std::string_view> request::find(std::string_view name) const noexcept {
    std::optional<std::string_view> found;
    for (const field_view& field : fields) {
        if (same_name(field.name, name)) {
            if (found) {
                return std::nullopt;
            }
            found = field.value;
        }
    }
    return found;
}

std::size_t request::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [&](const field_view& f) { return same_name(f.name, name); }));
}

std::optional<std::string_view> client_response::find(std::string_view name) const noexcept {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [name](const auto& one) { return same_name(one.first, name); });
    return found == fields.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

response error_response(unsigned status, std::string_view code, std::string_view message) {
    boost::json::object detail;
    detail["code"] = code;
    detail["message"] = message;
    boost::json::object whole;
    whole["success"] = false;
    whole["error"] = std::move(detail);
    return json_response(status, boost::json::serialize(whole));
}

response json_response(unsigned status, std::string text) {
    return response(status, "application/json", std::move(text));
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const int high = text.size() - i > 2 ? hex_value(text[i + 1]) : -1;
        const int low = text.size() - i > 2 ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals)) == key) {
            return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return std::nullopt;
}

} // namespace seedhook::http
