// What the hooks' handlers have in common: reading a request, and adding an endpoint that is a member.
#pragma once

#include "seedhook/http/router.hpp"
#include "seedhook/model/error.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace seedhook::sandbox {

// `?from=N&limit=N`
struct page {
    std::uint64_t from = 0;
    std::size_t limit = 0;
};
page page_of(const http::request& r);

// The body as a JSON object, an empty body as an empty one; errc::invalid for anything else.
result<boost::json::object> object_in(const http::request& r);

// A field as text or as a truth value; nothing when it is not there, errc::invalid when it is something else.
result<std::optional<std::string>> text_in(const boost::json::object& from, std::string_view name);
result<std::optional<bool>> truth_in(const boost::json::object& from, std::string_view name);

http::response json_answer(const boost::json::value& document);
http::response bad_request(const error& why);

template <class Hooks>
void add_hook(http::router& routes, Hooks& to, std::string method, std::string path,
              awaitable<http::response> (Hooks::*what)(const http::request&)) {
    http::endpoint e;
    e.method = std::move(method);
    e.path = std::move(path);
    e.handle = [&to, what](const http::request& r) { return (to.*what)(r); };
    routes.add(std::move(e));
}

} // namespace seedhook::sandbox
