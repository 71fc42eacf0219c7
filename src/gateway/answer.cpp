// Which fields go on, what is blotted out, and our own errors.
#include "gateway/answer.hpp"

#include "seedhook/model/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace seedhook::gateway {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t most_fields = 32;
constexpr std::size_t shortest_telling_part = 8; // of a key that is cut off

bool begins_with(std::string_view name, std::string_view prefix) {
    return http::same_name(name.substr(0, prefix.size()), prefix);
}

bool concerns_app(std::string_view name) {
    constexpr std::array names{
        "Cache-Control"sv, "Content-Encoding"sv, "Content-Language"sv, "ETag"sv, "Expires"sv,     "Last-Modified"sv,
        "RateLimit"sv,     "Request-Id"sv,       "Retry-After"sv,      "Vary"sv, "X-Request-Id"sv};
    constexpr std::array prefixes{"RateLimit-"sv, "X-RateLimit-"sv, "X-Rate-Limit-"sv};
    return std::any_of(names.begin(), names.end(), [name](auto one) { return http::same_name(name, one); }) ||
           std::any_of(prefixes.begin(), prefixes.end(), [name](auto one) { return begins_with(name, one); });
}

} // namespace

std::string key_mask::pass(std::string_view piece) {
    std::string text = std::exchange(held_, {}).append(piece);
    if (key_.empty()) {
        return text;
    }
    for (std::size_t at = text.find(key_); at != std::string::npos; at = text.find(key_, at + key_.size())) {
        std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), key_.size(), '*');
    }
    std::size_t held = std::min(text.size(), key_.size() - 1);
    while (held > 0 && !text.ends_with(std::string_view(key_).substr(0, held))) {
        --held;
    }
    held_ = text.substr(text.size() - held);
    text.resize(text.size() - held);
    return text;
}

std::string key_mask::rest() {
    if (held_.size() >= shortest_telling_part) {
        held_.assign(held_.size(), '*');
    }
    return std::exchange(held_, {});
}

std::string masked(std::string_view text, const config::secret& key) {
    key_mask mask(key);
    std::string out = mask.pass(text);
    return out.append(mask.rest());
}

http::field_list fields_for_app(const http::client_response& from, const upstream& of) {
    http::field_list out;
    for (const auto& [name, value] : from.fields) {
        if (out.size() < most_fields && concerns_app(name)) {
            out.emplace_back(name, masked(value, of.key));
        }
    }
    return out;
}

std::string content_type_for_app(const http::client_response& from, const upstream& of) {
    return masked(from.find("Content-Type").value_or(""), of.key);
}

upstream_answer passed_on(const http::client_response& from, const upstream& of) {
    upstream_answer out;
    out.status = from.status;
    out.content_type = content_type_for_app(from, of);
    out.fields = fields_for_app(from, of);
    out.body = masked(from.body, of.key);
    return out;
}

upstream_answer refusal(unsigned status, std::string_view code, std::string_view message) {
    http::response made = http::error_response(status, code, message);
    upstream_answer out;
    out.status = made.status;
    out.content_type = std::move(made.content_type);
    out.body = std::move(made.body);
    return out;
}

upstream_answer no_such_source(std::string_view name) {
    return refusal(404, "not_found", "there is no source " + printable(name) + " with an API");
}

upstream_answer no_such_request_id() { return refusal(404, "not_found", "this is no requestId"); }

upstream_answer no_answer(errc why, std::string_view message) {
    const bool late = why == errc::timed_out;
    return refusal(late ? 504 : 502, late ? "upstream_timed_out" : "upstream_failed", message);
}

http::response to_response(upstream_answer from) {
    http::response out(from.status, std::move(from.content_type), std::move(from.body));
    out.fields = std::move(from.fields);
    return out;
}

} // namespace seedhook::gateway
