// Reading the video server's answer.
#include "fetch/answer.hpp"

#include "seedhook/http/date.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <charconv>

namespace seedhook {
namespace {

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
    return text.size() >= word.size() && http::same_name(text.substr(0, word.size()), word);
}

// token "/" token (RFC 9110, 8.3.1), of a length that belongs into a header.
bool is_media_type(std::string_view text) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() || text.size() > 100) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (i != slash && !alnum && marks.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

// A strong entity-tag (RFC 9110, 8.8.3) that can be sent back as it is.
bool is_strong_tag(std::string_view text) noexcept {
    if (text.size() < 2 || text.size() > 1024 || text.front() != '"' || text.back() != '"') {
        return false;
    }
    const auto inside = text.substr(1, text.size() - 2);
    return std::all_of(inside.begin(), inside.end(), [](unsigned char c) { return c > 0x20 && c != '"' && c != 0x7f; });
}

} // namespace

answer_kind classify_status(unsigned status) noexcept {
    switch (status) {
    case 200:
        return answer_kind::whole;
    case 206:
        return answer_kind::part;
    case 403:
    case 404:
    case 410:
        return answer_kind::no_such;
    case 416:
        return answer_kind::start_over;
    case 408:
    case 425:
    case 429:
        return answer_kind::later;
    default:
        return status >= 400 && status < 500 ? answer_kind::never : answer_kind::later;
    }
}

std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<content_range> parse_content_range(std::string_view text) noexcept {
    text = trimmed(text);
    if (!starts_with_word(text, "bytes ")) {
        return std::nullopt;
    }
    text = trimmed(text.substr(6));
    const auto dash = text.find('-');
    const auto slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
        return std::nullopt;
    }
    const auto first = parse_length(text.substr(0, dash));
    const auto last = parse_length(text.substr(dash + 1, slash - dash - 1));
    const auto total = parse_length(text.substr(slash + 1));
    if (!first || !last || !total || *first > *last || *last >= *total) {
        return std::nullopt;
    }
    return content_range{*first, *last, *total};
}

std::string strong_validator(const http::client_response& head) {
    if (const auto tag = head.find("ETag")) {
        const auto text = trimmed(*tag);
        return is_strong_tag(text) ? std::string(text) : std::string();
    }
    const auto modified = head.find("Last-Modified");
    const auto sent = head.find("Date");
    if (modified && sent) {
        const auto then = http::parse_http_date(*modified);
        const auto now = http::parse_http_date(*sent);
        if (then && now && *now - *then >= std::chrono::seconds(1)) {
            return std::string(trimmed(*modified));
        }
    }
    return {};
}

std::string media_type(const http::client_response& head) {
    std::string_view text = head.find("Content-Type").value_or("");
    text = trimmed(text.substr(0, text.find(';')));
    if (!is_media_type(text)) {
        return "video/mp4";
    }
    return lower_case(text);
}

bool identity_encoded(const http::client_response& head) noexcept {
    const auto coding = head.find("Content-Encoding");
    return !coding || trimmed(*coding).empty() || http::same_name(trimmed(*coding), "identity");
}

} // namespace seedhook
