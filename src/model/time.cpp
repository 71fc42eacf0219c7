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

// Takes pieces off the front of a text; once something was not there, all that follows is not there either.
class reader {
public:
    explicit reader(std::string_view text) noexcept : rest_(text) {}

    int number(std::size_t digits) noexcept {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            fits_ = fits_ && i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9';
            value = fits_ ? value * 10 + (rest_[i] - '0') : 0;
        }
        rest_.remove_prefix(fits_ ? digits : 0);
        return value;
    }
    // Which of `characters` comes next; the first of them when none does.
    char one_of(std::string_view characters) noexcept {
        fits_ = fits_ && !rest_.empty() && characters.find(rest_.front()) != std::string_view::npos;
        const char found = fits_ ? rest_.front() : characters.front();
        rest_.remove_prefix(fits_ ? 1 : 0);
        return found;
    }
    // The milliseconds of a fraction, if one comes next.
    int fraction() noexcept {
        if (!rest_.starts_with('.')) {
            return 0;
        }
        rest_.remove_prefix(1);
        int value = number(1) * 100;
        for (int unit = 10; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; unit /= 10) {
            value += number(1) * unit;
        }
        return value;
    }
    bool ended() const noexcept { return fits_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool fits_ = true;
};

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

std::optional<time_point> parse_rfc3339(std::string_view text) noexcept {
    reader from(text);
    const std::chrono::year year(from.number(4));
    from.one_of("-");
    const std::chrono::month month(static_cast<unsigned>(from.number(2)));
    from.one_of("-");
    const std::chrono::year_month_day date = year / month / from.number(2);
    from.one_of("Tt ");
    const std::chrono::hours hours(from.number(2));
    from.one_of(":");
    const std::chrono::minutes minutes(from.number(2));
    from.one_of(":");
    const std::chrono::seconds seconds(from.number(2));
    const duration fraction(from.fraction());
    duration offset(0);
    if (const char sign = from.one_of("Zz+-"); sign == '+' || sign == '-') {
        const std::chrono::hours offset_hours(from.number(2));
        from.one_of(":");
        const std::chrono::minutes offset_minutes(from.number(2));
        if (offset_hours.count() > 23 || offset_minutes.count() > 59) {
            return std::nullopt;
        }
        offset = (offset_hours + offset_minutes) * (sign == '+' ? 1 : -1);
    }
    if (!from.ended() || !date.ok() || hours.count() > 23 || minutes.count() > 59 || seconds.count() > 59) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date) + hours + minutes + seconds + fraction - offset;
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
