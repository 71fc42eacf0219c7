// Reading HTTP-dates and Retry-After.
#include "seedhook/http/date.hpp"

#include "seedhook/model/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <iomanip>
#include <locale>
#include <span>
#include <sstream>
#include <string>

namespace seedhook::http {
namespace {

constexpr std::uint64_t a_year = 365 * 24 * 3600; // seconds; no overflow, whatever the server says

std::optional<std::uint64_t> parse_seconds(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::optional<time_point> parse_http_date(std::string_view text) {
    constexpr std::string_view zone = " GMT";
    constexpr std::array<const char*, 2> with_zone{"%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S"};
    constexpr std::array<const char*, 1> without_zone{"%a %b %d %H:%M:%S %Y"};
    text = trimmed(text);
    const bool has_zone = text.ends_with(zone); // get_time would let it be missing
    const std::string date(has_zone ? text.substr(0, text.size() - zone.size()) : text);
    for (const char* form : has_zone ? std::span<const char* const>(with_zone) : without_zone) {
        std::tm parts{};
        std::istringstream in(date);
        in.imbue(std::locale::classic());
        in >> std::get_time(&parts, form);
        if (in && in.peek() == std::istringstream::traits_type::eof()) {
            return time_point(std::chrono::seconds(::timegm(&parts)));
        }
    }
    return std::nullopt;
}

std::optional<duration> retry_after(const client_response& head, time_point now) {
    const auto field = head.find("Retry-After");
    if (!field) {
        return std::nullopt;
    }
    if (const auto seconds = parse_seconds(trimmed(*field))) {
        return std::chrono::seconds(std::min(*seconds, a_year));
    }
    const auto date = parse_http_date(*field);
    if (!date) {
        return std::nullopt;
    }
    const auto sent = parse_http_date(head.find("Date").value_or(""));
    return std::clamp<duration>(*date - sent.value_or(now), duration::zero(), std::chrono::seconds(a_year));
}

} // namespace seedhook::http
