// Times as text, durations from text, the machine's clock.
#include "seedhook/model/time.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace seedhook {
namespace {

class wall_clock final : public clock {
public:
    time_point now() const noexcept override { return std::chrono::floor<duration>(std::chrono::system_clock::now()); }
};

struct unit {
    std::string_view suffix;
    std::int64_t milliseconds;
};
constexpr std::array units{unit{"d", 86'400'000}, unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1000},
                           unit{"ms", 1}};

} // namespace

const clock& system_clock() noexcept {
    static const wall_clock instance;
    return instance;
}

std::string to_rfc3339(time_point t) {
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(t - day);
    std::array<char, 64> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return std::string(text.data(), static_cast<std::size_t>(length));
}

std::optional<duration> parse_duration(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end == text.data() || text.front() == '-') {
        return std::nullopt;
    }
    const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
    constexpr std::int64_t most = std::int64_t{100} * 365 * 86'400'000;
    for (const auto& u : units) {
        if (u.suffix == suffix) {
            return number > most / u.milliseconds ? std::nullopt : std::optional(duration(number * u.milliseconds));
        }
    }
    return std::nullopt;
}

std::string to_string(duration d) {
    for (const auto& u : units) {
        if (d.count() % u.milliseconds == 0 && d.count() != 0) {
            return std::to_string(d.count() / u.milliseconds).append(u.suffix);
        }
    }
    return "0s";
}

} // namespace seedhook
