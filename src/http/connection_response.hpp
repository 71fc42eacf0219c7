// A response's head as bytes, and how its body is to follow.
#pragma once

#include "seedhook/http/message.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace seedhook::http {

// The Date field's value, made once a second.
class date_text {
public:
    std::string_view now();

private:
    std::time_t made_ = -1;
    std::string text_;
};

enum class body_form {
    none,        // 204, 304, an answer to HEAD, or empty
    whole,       // `response::body`
    sized,       // `response::stream`, of `stream_length`
    chunked,     // `response::stream` in chunks
    until_close, // `response::stream` to HTTP/1.0, ended by closing
};

struct response_context {
    bool http_1_0 = false;
    bool keep_alive = true; // what the request allows
    bool to_head = false;   // answers HEAD
    std::string_view date;
};

struct framed_response {
    body_form form = body_form::none;
    bool keep_alive = true;
};

// False for what must not go out: a status outside 200–599, a field name that is no token, CR, LF or NUL in a value.
bool is_sendable(const response& r) noexcept;

// Appends status line, fields and the empty line of a sendable response to `out`.
framed_response append_head(std::string& out, const response& r, const response_context& context);

} // namespace seedhook::http
