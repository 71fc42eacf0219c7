// Single byte ranges.
#include "seedhook/http/range.hpp"

#include "seedhook/model/text.hpp"

#include <algorithm>
#include <limits>

namespace seedhook::http {
namespace {

// Digits only; a number too large to hold counts as the largest.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
        return {};
    }
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t value = 0;
    for (const char c : text) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (largest - digit) / 10) {
            return largest;
        }
        value = value * 10 + digit;
    }
    return value;
}

// What stands behind `bytes=`, in any case.
std::optional<std::string_view> byte_ranges(std::string_view value) noexcept {
    constexpr std::string_view unit = "bytes=";
    value = trimmed(value);
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    if (value.size() < unit.size() || !std::equal(unit.begin(), unit.end(), value.begin(), same)) {
        return {};
    }
    return trimmed(value.substr(unit.size()));
}

constexpr chosen_range unsatisfiable{chosen_range::kind::unsatisfiable, 0, 0};

chosen_range part(std::uint64_t first, std::uint64_t length) noexcept {
    return {chosen_range::kind::part, first, length};
}

chosen_range last_bytes(std::uint64_t count, std::uint64_t size) noexcept {
    count = std::min(count, size);
    return count == 0 ? unsatisfiable : part(size - count, count);
}

} // namespace

chosen_range choose_range(std::optional<std::string_view> range, std::optional<std::string_view> if_range,
                          std::string_view etag, std::uint64_t size) noexcept {
    const chosen_range whole{chosen_range::kind::whole, 0, size};
    if (!range || (if_range && trimmed(*if_range) != etag)) {
        return whole;
    }
    const auto spec = byte_ranges(*range);
    const auto dash = spec ? spec->find('-') : std::string_view::npos;
    if (dash == std::string_view::npos) {
        return whole;
    }
    const auto before = spec->substr(0, dash);
    const auto after = spec->substr(dash + 1);
    const auto first = parse_number(before);
    const auto last = parse_number(after);
    if (before.empty() && last) {
        return last_bytes(*last, size);
    }
    if (!first || (!after.empty() && !last) || (last && *last < *first)) {
        return whole; // not one range, or not a range at all
    }
    if (*first >= size) {
        return unsatisfiable;
    }
    const std::uint64_t to = std::min(last.value_or(size - 1), size - 1);
    return part(*first, to - *first + 1);
}

} // namespace seedhook::http
