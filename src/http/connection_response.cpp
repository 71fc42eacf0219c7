// A response's head as bytes.
#include "http/connection_response.hpp"

#include "http/gate_bytes.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace seedhook::http {
namespace {

bool is_value(std::string_view value) noexcept {
    return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// What says how the message is framed is ours to say.
bool is_ours(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 5> ours{"Connection", "Content-Length", "Date", "Keep-Alive",
                                                   "Transfer-Encoding"};
    return std::any_of(ours.begin(), ours.end(), [name](std::string_view one) { return same_name(name, one); });
}

void append_number(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits;
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_length(std::string& out, std::uint64_t length) {
    out.append("Content-Length: ");
    append_number(out, length);
    out.append("\r\n");
}

body_form form_of(const response& r, const response_context& context) noexcept {
    if (!r.stream) {
        return body_form::whole;
    }
    if (r.stream_length) {
        return body_form::sized;
    }
    return context.http_1_0 ? body_form::until_close : body_form::chunked;
}

} // namespace

std::string_view date_text::now() {
    const std::time_t present = std::time(nullptr);
    if (present != made_) {
        // Not strftime: its names follow the locale.
        constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::tm t{};
        gmtime_r(&present, &t);
        std::array<char, 64> text;
        const int size = std::snprintf(
            text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[static_cast<std::size_t>(t.tm_wday)],
            t.tm_mday, months[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
        text_.assign(text.data(), static_cast<std::size_t>(size));
        made_ = present;
    }
    return text_;
}

bool is_sendable(const response& r) noexcept {
    const auto good = [](const auto& field) {
        return !field.first.empty() && std::all_of(field.first.begin(), field.first.end(), bytes::is_token) &&
               is_value(field.second);
    };
    return r.status >= 200 && r.status < 600 && is_value(r.content_type) &&
           std::all_of(r.fields.begin(), r.fields.end(), good);
}

framed_response append_head(std::string& out, const response& r, const response_context& context) {
    framed_response framed;
    framed.form = form_of(r, context);
    framed.keep_alive = context.keep_alive && !r.close && framed.form != body_form::until_close;

    const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(r.status));
    out.append("HTTP/1.1 ");
    append_number(out, r.status);
    out.append(" ").append(reason.data(), reason.size()).append("\r\n");
    append_field(out, "Date", context.date);
    if (!r.content_type.empty()) {
        append_field(out, "Content-Type", r.content_type);
    }
    for (const auto& [name, value] : r.fields) {
        if (!is_ours(name)) {
            append_field(out, name, value);
        }
    }
    const bool bodiless = r.status == 204 || r.status == 304;
    if (!bodiless) {
        if (framed.form == body_form::whole) {
            append_length(out, r.body.size());
        } else if (framed.form == body_form::sized) {
            append_length(out, *r.stream_length);
        } else if (framed.form == body_form::chunked) {
            append_field(out, "Transfer-Encoding", "chunked");
        }
    }
    if (!framed.keep_alive) {
        append_field(out, "Connection", "close");
    } else if (context.http_1_0) {
        append_field(out, "Connection", "keep-alive");
    }
    out.append("\r\n");
    if (bodiless || context.to_head) {
        framed.form = body_form::none;
    }
    return framed;
}

} // namespace seedhook::http
