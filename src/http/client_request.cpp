// The one function that writes requests, and what it refuses to write.
#include "http/client_request.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace seedhook::http {

namespace {

constexpr std::array<std::string_view, 10> own_fields{
    "Host",       "Content-Length", "Transfer-Encoding",  "Trailer", "Connection", "Proxy-Connection", "TE",
    "Keep-Alive", "Upgrade",        "Proxy-Authorization"};
constexpr std::array<std::string_view, 3> methods_with_body{"POST", "PUT", "PATCH"};
constexpr std::array<std::string_view, 4> idempotent_methods{"GET", "HEAD", "PUT", "DELETE"};

bool is_token_character(char c) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// Bytes above 0x7f are allowed in values (obs-text); a tab is the one control character that is.
bool is_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

bool is_target(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_own(std::string_view name) noexcept {
    return std::any_of(own_fields.begin(), own_fields.end(),
                       [name](std::string_view own) { return same_name(own, name); });
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

result<std::string> make_request_text(const request_head& from) {
    if (!is_token(from.method)) {
        return error(errc::invalid, "request: the method is not a token");
    }
    if (!is_target(from.target) || !is_target(from.host) || !is_value(from.proxy_authorization)) {
        return error(errc::invalid, "request: the target has characters that are not allowed");
    }
    std::string text;
    text.append(from.method).append(" ").append(from.target).append(" HTTP/1.1\r\n");
    append_field(text, "Host", from.host);
    for (const auto& [name, value] : *from.fields) {
        if (!is_token(name)) {
            return error(errc::invalid, "request: a field's name is not a token");
        }
        if (!is_value(value)) {
            return error(errc::invalid, "request: the value of " + name + " has control characters");
        }
        if (is_own(name)) {
            return error(errc::invalid, "request: " + name + " is not the caller's to set");
        }
        append_field(text, name, value);
    }
    if (!from.proxy_authorization.empty()) {
        append_field(text, "Proxy-Authorization", from.proxy_authorization);
    }
    if (from.close) {
        append_field(text, "Connection", "close");
    }
    const bool usual =
        std::find(methods_with_body.begin(), methods_with_body.end(), from.method) != methods_with_body.end();
    if (from.body_size != 0 || usual) {
        append_field(text, "Content-Length", std::to_string(from.body_size));
    }
    text += "\r\n";
    return text;
}

bool is_idempotent(std::string_view method) noexcept {
    return std::find(idempotent_methods.begin(), idempotent_methods.end(), method) != idempotent_methods.end();
}

bool has_field(const field_list& fields, std::string_view name) noexcept {
    return std::any_of(fields.begin(), fields.end(), [name](const auto& one) { return same_name(one.first, name); });
}

void remove_field(field_list& fields, std::string_view name) {
    std::erase_if(fields, [name](const auto& one) { return same_name(one.first, name); });
}

} // namespace seedhook::http
