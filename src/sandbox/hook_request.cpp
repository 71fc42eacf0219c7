// Requests to the hooks, read strictly: a test's mistake must not look like the sandbox's.
#include "sandbox/hook_request.hpp"

#include <algorithm>
#include <charconv>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr std::uint64_t usual_page = 1000;
constexpr std::uint64_t largest_page = 100'000;

std::uint64_t number_in(std::string_view query, std::string_view key, std::uint64_t otherwise) {
    const auto text = http::query_value(query, key);
    std::uint64_t value = otherwise;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), value);
    }
    return value;
}

} // namespace

page page_of(const http::request& r) {
    page p;
    p.from = number_in(r.query, "from", 0);
    p.limit = static_cast<std::size_t>(std::min(number_in(r.query, "limit", usual_page), largest_page));
    return p;
}

result<json::object> object_in(const http::request& r) {
    if (r.body.empty()) {
        return json::object();
    }
    boost::system::error_code failed;
    json::value document = json::parse(r.body, failed);
    if (failed || !document.is_object()) {
        return error(errc::invalid, "the body must be a JSON object");
    }
    return std::move(document.get_object());
}

result<std::optional<std::string>> text_in(const json::object& from, std::string_view name) {
    const json::value* found = from.if_contains(name);
    if (found == nullptr) {
        return std::optional<std::string>();
    }
    if (!found->is_string()) {
        return error(errc::invalid, std::string(name) + " must be text");
    }
    return std::optional<std::string>(std::string(found->get_string()));
}

result<std::optional<bool>> truth_in(const json::object& from, std::string_view name) {
    const json::value* found = from.if_contains(name);
    if (found == nullptr) {
        return std::optional<bool>();
    }
    if (!found->is_bool()) {
        return error(errc::invalid, std::string(name) + " must be true or false");
    }
    return std::optional<bool>(found->get_bool());
}

http::response json_answer(const json::value& document) { return http::json_response(200, json::serialize(document)); }

http::response bad_request(const error& why) { return http::error_response(400, "invalid_request", why.message); }

} // namespace seedhook::sandbox
