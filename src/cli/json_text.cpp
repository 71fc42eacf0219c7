// See json_text.hpp.
#include "cli/json_text.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace seedhook::cli {

namespace json = boost::json;

const json::object* object_of(const json::object& in, std::string_view key) {
    const json::value* value = in.if_contains(key);
    return value ? value->if_object() : nullptr;
}

const json::array* array_of(const json::object& in, std::string_view key) {
    const json::value* value = in.if_contains(key);
    return value ? value->if_array() : nullptr;
}

std::optional<std::string> text_of(const json::object& in, std::string_view key) {
    const json::value* value = in.if_contains(key);
    if (!value) {
        return {};
    }
    if (const json::string* text = value->if_string()) {
        return text->empty() ? std::nullopt : std::optional<std::string>(std::string(text->data(), text->size()));
    }
    return value->is_number() ? std::optional<std::string>(number_text(*value)) : std::nullopt;
}

std::string cell(const json::object& in, std::string_view key) { return text_of(in, key).value_or(std::string(none)); }

std::string first_line(const json::object& in, std::string_view key) {
    const std::string text = cell(in, key);
    return text.substr(0, text.find('\n'));
}

// Boost.JSON would write 5E-2.
std::string number_text(const json::value& number) {
    if (const auto* whole = number.if_int64()) {
        return std::to_string(*whole);
    }
    if (const auto* large = number.if_uint64()) {
        return std::to_string(*large);
    }
    std::array<char, 64> text{};
    const auto [end, failed] = std::to_chars(text.begin(), text.end(), number.as_double());
    return {text.data(), end};
}

std::string size_cell(const json::object& in, std::string_view key) {
    const json::value* value = in.if_contains(key);
    const double bytes = value && value->is_number() ? value->to_number<double>() : -1;
    if (bytes < 0) {
        return std::string(none);
    }
    constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    double shown = bytes;
    std::size_t unit = 0;
    while (shown >= 1024 && unit + 1 < units.size()) {
        shown /= 1024;
        ++unit;
    }
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f " : "%.1f ", shown);
    return text.data() + std::string(units[unit]);
}

} // namespace seedhook::cli
