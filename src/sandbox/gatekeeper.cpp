// 401 and 429.
#include "sandbox/gatekeeper.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace seedhook::sandbox {

std::string_view bearer_key(const http::request& r) noexcept {
    constexpr std::string_view scheme = "bearer ";
    const std::string_view given = r.find("Authorization").value_or(std::string_view());
    const bool bearer = given.size() > scheme.size() && http::same_name(given.substr(0, scheme.size()), scheme);
    return bearer ? given.substr(scheme.size()) : std::string_view();
}

std::string http_date(time_point t) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto second = std::chrono::ceil<std::chrono::seconds>(t);
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(second - day);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                   days.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                                   months.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                                   static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                   static_cast<int>(time.seconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<http::response> gatekeeper::refusal(const http::request& r, time_point now) {
    const std::string_view key = bearer_key(r);
    if (!is_taken(key)) {
        const bool missing = r.count("Authorization") == 0;
        return http::error_response(401, "unauthorized", missing ? "API key is missing" : "Invalid API key");
    }
    auto rate = rates_.find(key);
    if (rate == rates_.end() && options_.rate_limit != 0) {
        rate = rates_.emplace(key, rate_limit(options_.rate_limit, options_.rate_window)).first;
    }
    const auto wait = rate == rates_.end() ? std::nullopt : rate->second.exceeded(now);
    if (!wait) {
        return {};
    }
    auto answer = http::error_response(429, "rate_limited", "Too many requests");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    answer.fields.emplace_back("Retry-After",
                               options_.retry_after_date ? http_date(now + *wait) : std::to_string(seconds));
    return answer;
}

bool gatekeeper::is_taken(std::string_view key) {
    const auto& keys = options_.api_keys;
    const bool known = keys.empty() ? !key.empty() : std::find(keys.begin(), keys.end(), key) != keys.end();
    if (!known) {
        return false;
    }
    ++requests_;
    const bool too_many = options_.unauthorized_after && requests_ > *options_.unauthorized_after;
    return !too_many && !all_revoked_ && !revoked_.contains(key);
}

void gatekeeper::revoke(const std::string& key) {
    if (key.empty()) {
        all_revoked_ = true;
    } else {
        revoked_.insert(key);
    }
}

void gatekeeper::restore() {
    all_revoked_ = false;
    revoked_.clear();
}

} // namespace seedhook::sandbox
