// Finds the endpoint for a method and a path.
#include "seedhook/http/router.hpp"

#include <algorithm>
#include <optional>

namespace seedhook::http {
namespace {

constexpr std::string_view placeholder = "{}";

// Takes the next segment, with its slash, off the front. `path` is not empty.
std::string_view take_segment(std::string_view& path) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

// How many segments `{}` stood for; nothing when the path is another one.
std::optional<std::size_t> captured(std::string_view pattern, std::string_view path) {
    if (pattern.find(placeholder) == std::string_view::npos) {
        return pattern == path ? std::optional<std::size_t>(0) : std::nullopt;
    }
    std::size_t count = 0;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = take_segment(pattern);
        const std::string_view given = take_segment(path);
        if (wanted.substr(1) == placeholder) {
            if (given.size() < 2) {
                return std::nullopt;
            }
            ++count;
        } else if (wanted != given) {
            return std::nullopt;
        }
    }
    return pattern.empty() && path.empty() ? std::optional(count) : std::nullopt;
}

std::vector<std::string_view> captures_of(std::string_view pattern, std::string_view path) {
    std::vector<std::string_view> found;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = take_segment(pattern);
        const std::string_view given = take_segment(path);
        if (wanted.substr(1) == placeholder) {
            found.push_back(given.substr(1));
        }
    }
    return found;
}

void add_method(std::string& list, std::string_view method) {
    std::string_view rest = list;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(", "), rest.size());
        if (rest.substr(0, end) == method) {
            return;
        }
        rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    list.append(list.empty() ? "" : ", ").append(method);
}

} // namespace

route_match router::match(std::string_view method, std::string_view path) const {
    route_match best;
    std::size_t best_captures = 0;
    bool best_is_exact = false; // the method itself, not GET for HEAD
    for (const endpoint& e : endpoints_) {
        const std::optional<std::size_t> count = captured(e.path, path);
        const bool exact = e.method == method;
        if (!count || !(exact || (method == "HEAD" && e.method == "GET"))) {
            continue;
        }
        const bool better = *count < best_captures || (*count == best_captures && exact && !best_is_exact);
        if (best.found == nullptr || better) {
            best.found = &e;
            best_captures = *count;
            best_is_exact = exact;
        }
    }
    if (best.found != nullptr) {
        if (best_captures > 0) {
            best.captures = captures_of(best.found->path, path);
        }
        return best;
    }
    for (const endpoint& e : endpoints_) {
        if (captured(e.path, path)) {
            add_method(best.allow, e.method);
            if (e.method == "GET") {
                add_method(best.allow, "HEAD");
            }
        }
    }
    return best;
}

} // namespace seedhook::http
