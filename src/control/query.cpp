// Splits at `&`, as query_value does.
#include "control/query.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace seedhook::control {
namespace {

std::string listed(std::initializer_list<std::string_view> keys) {
    std::string text;
    for (const std::string_view key : keys) {
        text.append(text.empty() ? "" : ", ").append(key);
    }
    return text;
}

} // namespace

result<void> check_query(std::string_view query, std::initializer_list<std::string_view> known) {
    if (!http::percent_decode(query)) {
        return error(errc::invalid, "the query is not percent-encoded");
    }
    std::vector<std::string_view> seen;
    while (!query.empty()) {
        const std::string_view part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(part.size() + 1, query.size()));
        const std::string_view key = part.substr(0, part.find('='));
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return error(errc::invalid, "the query may hold " + (known.size() == 0 ? "nothing" : listed(known)) +
                                            ", and nothing else");
        }
        if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
            return error(errc::invalid, std::string(key) + ": is there twice");
        }
        seen.push_back(key);
    }
    return {};
}

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        return std::nullopt;
    }
    return value;
}

} // namespace seedhook::control
