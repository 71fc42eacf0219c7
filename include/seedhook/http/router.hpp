// A table of endpoints: which handler answers which method and path.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/message.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::http {

struct endpoint {
    std::string method;
    std::string path; // `/v1/tasks/{}/redeliver`: `{}` stands for one whole segment, not empty
    std::size_t body_limit = 64 * 1024;
    std::function<awaitable<response>(const request&)> handle;
    // Asked once the head is read: an answer is sent at once, and the body not read. May be empty.
    std::function<std::optional<response>(const request&)> refuse_early{};
};

// Looks at a request when its head has been read, whether or not there is an endpoint for it; what it returns is the
// answer, and the body is not read then.
using guard = std::function<std::optional<response>(const request&)>;

struct route_match {
    const endpoint* found = nullptr;
    std::vector<std::string_view> captures;
    std::string allow; // when a path matches but no method: the value of `Allow` (405); empty: 404
};

// Immutable once a server uses it. A GET endpoint also answers HEAD.
class router {
public:
    void add(endpoint e) { endpoints_.push_back(std::move(e)); }
    void set_guard(guard g) { guard_ = std::move(g); }

    std::optional<response> refusal(const request& asked) const { return guard_ ? guard_(asked) : std::nullopt; }
    // Among the endpoints that take the method, literal paths win over paths with `{}`, fewer `{}` over more.
    route_match match(std::string_view method, std::string_view path) const;

private:
    std::vector<endpoint> endpoints_;
    guard guard_;
};

} // namespace seedhook::http
