// Sizes with binary units.
#include "seedhook/config/size.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace seedhook::config {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 5> units{
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"", 0}}};

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    std::uint64_t count = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failed != std::errc{}) {
        return {};
    }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, shift] : units) {
        if (unit == name && count <= std::numeric_limits<std::uint64_t>::max() >> shift) {
            return count << shift;
        }
    }
    return {};
}

std::string size_text(std::uint64_t bytes) {
    for (const auto& [name, shift] : units) {
        const std::uint64_t unit = std::uint64_t{1} << shift;
        if (bytes >= unit && bytes % unit == 0) {
            return std::to_string(bytes >> shift) + std::string(name);
        }
    }
    return "0";
}

} // namespace seedhook::config
