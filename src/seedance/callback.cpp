// The webhook document, read in one pass that both validates all of it and picks what we need. Boost.JSON's own parser
// keeps the last of duplicate keys silently, which would let two readers of one signed body see two different things.
#include "seedhook/seedance/callback.hpp"

#include "seedhook/http/url.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace seedhook::seedance {
namespace {

namespace json = boost::json;
using json::error_code;

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_url = 8192;
constexpr std::size_t max_error_code = 128;
constexpr std::size_t max_error_message = 4096;
constexpr std::size_t max_status = 64;
constexpr std::size_t max_request_id = 128;

// A string of the document as far as we want it.
struct capture {
    explicit capture(std::size_t most) : limit(most) {}

    void append(std::string_view part) {
        if (text.size() <= limit) { // one character more than the limit shows that it was longer
            text.append(part.substr(0, limit + 1 - text.size()));
        }
    }
    bool too_long() const noexcept { return text.size() > limit; }

    std::size_t limit;
    std::string text;
    bool present = false; // a string stood there
};

// The events of Boost.JSON's parser (its `basic_parser` documents them). False from an event ends the parse.
class document_reader {
public:
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

    document_reader() {
        key_text_.reserve(256);
        keys_.reserve(16);
    }

    capture request_id{max_request_id};
    capture status{max_status};
    capture url{max_url};
    capture error_text{max_error_message}; // `error` as a string
    capture error_code_text{max_error_code};
    capture error_message{max_error_message};
    bool has_error = false;        // `error` is a string or an object
    const char* problem = nullptr; // ours, beside the parser's

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code&) {
        const bool in_known = depth_ == 1 && (next_ == field::output || next_ == field::error);
        has_error = has_error || (depth_ == 1 && next_ == field::error);
        enter(depth_ == 0              ? place::top
              : !in_known              ? place::elsewhere
              : next_ == field::output ? place::output
                                       : place::error);
        return true;
    }
    bool on_object_end(std::size_t, error_code& ec) {
        const bool repeated = has_repeated_key(levels_[depth_ - 1].first_key);
        leave();
        return repeated ? fail("a key appears twice in one object", ec) : true;
    }
    bool on_array_begin(error_code& ec) {
        if (!inside(ec)) {
            return false;
        }
        enter(place::elsewhere);
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        leave();
        return true;
    }

    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        key_text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view rest, std::size_t size, error_code&) {
        key_text_.append(rest.data(), rest.size());
        keys_.emplace_back(key_text_.size() - size, size);
        next_ = field_of(levels_[depth_ - 1].where, key_at(keys_.back()));
        return true;
    }

    bool on_string_part(json::string_view part, std::size_t, error_code& ec) {
        if (!inside(ec)) {
            return false;
        }
        if (capture* const into = target()) {
            into->append({part.data(), part.size()});
        }
        return true;
    }
    bool on_string(json::string_view rest, std::size_t size, error_code& ec) {
        if (!on_string_part(rest, size, ec)) {
            return false;
        }
        if (capture* const into = target()) {
            into->present = true;
        }
        has_error = has_error || (next_ == field::error);
        next_ = field::none;
        return true;
    }

    bool on_number_part(json::string_view, error_code& ec) { return inside(ec); }
    bool on_int64(std::int64_t, json::string_view, error_code& ec) { return other_value(ec); }
    bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return other_value(ec); }
    bool on_double(double, json::string_view, error_code& ec) { return other_value(ec); }
    bool on_bool(bool, error_code& ec) { return other_value(ec); }
    bool on_null(error_code& ec) { return other_value(ec); }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

private:
    enum class place : std::uint8_t { top, output, error, elsewhere };
    enum class field : std::uint8_t { none, request_id, status, output, url, error, code, message };
    struct level {
        place where = place::elsewhere;
        std::size_t first_key = 0; // in keys_: where the keys of this object begin
        std::size_t text_begin = 0;
    };
    using key_range = std::pair<std::size_t, std::size_t>; // offset and size in key_text_

    static field field_of(place where, std::string_view key) noexcept {
        switch (where) {
        case place::top:
            return key == "requestId" ? field::request_id
                   : key == "status"  ? field::status
                   : key == "output"  ? field::output
                   : key == "error"   ? field::error
                                      : field::none;
        case place::output:
            return key == "url" ? field::url : field::none;
        case place::error:
            return key == "code" ? field::code : key == "message" ? field::message : field::none;
        case place::elsewhere:
            break;
        }
        return field::none;
    }

    capture* target() noexcept {
        switch (next_) {
        case field::request_id:
            return &request_id;
        case field::status:
            return &status;
        case field::url:
            return &url;
        case field::error:
            return &error_text;
        case field::code:
            return &error_code_text;
        case field::message:
            return &error_message;
        case field::none:
        case field::output:
            break;
        }
        return nullptr;
    }

    bool fail(const char* why, error_code& ec) {
        problem = why;
        ec = json::error::syntax;
        return false;
    }
    bool inside(error_code& ec) { return depth_ > 0 ? true : fail("the body is not a JSON object", ec); }
    bool other_value(error_code& ec) {
        next_ = field::none;
        return inside(ec);
    }

    void enter(place where) { // the parser has checked the depth
        levels_[depth_].where = where;
        levels_[depth_].first_key = keys_.size();
        levels_[depth_].text_begin = key_text_.size();
        ++depth_;
        next_ = field::none;
    }
    void leave() {
        --depth_;
        keys_.resize(levels_[depth_].first_key);
        key_text_.resize(levels_[depth_].text_begin);
        next_ = field::none;
    }

    std::string_view key_at(key_range k) const { return std::string_view(key_text_).substr(k.first, k.second); }

    // Sorted, so that an object of ten thousand keys costs no more than it must.
    bool has_repeated_key(std::size_t first) {
        const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
        std::sort(begin, keys_.end(), [this](key_range a, key_range b) { return key_at(a) < key_at(b); });
        return std::adjacent_find(begin, keys_.end(),
                                  [this](key_range a, key_range b) { return key_at(a) == key_at(b); }) != keys_.end();
    }

    std::array<level, max_depth + 1> levels_;
    std::size_t depth_ = 0;
    field next_ = field::none; // what the next value is
    std::string key_text_;     // the keys of all open objects, unescaped, end to end
    std::vector<key_range> keys_;
};

// At most `limit` bytes, not ending within a character; without NUL, which not every store can keep in a text.
std::string bounded(std::string text, std::size_t limit) {
    if (text.size() > limit) {
        std::size_t end = limit;
        while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) {
            --end;
        }
        text.resize(end);
    }
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

// What the client would take: an absolute http or https URL.
bool usable_url(const capture& url) { return url.present && !url.too_long() && http::parse_url(url.text).has_value(); }

std::optional<task_failure> failure_of(document_reader& read) {
    if (!read.has_error) {
        return std::nullopt;
    }
    task_failure failure;
    failure.code = read.error_code_text.present ? bounded(std::move(read.error_code_text.text), max_error_code) : "";
    if (read.error_message.present) {
        failure.message = bounded(std::move(read.error_message.text), max_error_message);
    } else if (read.error_text.present) {
        failure.message = bounded(std::move(read.error_text.text), max_error_message);
    }
    return failure;
}

error invalid(std::string why) { return {errc::invalid, std::move(why)}; }

result<task_report> report_of(document_reader& read) {
    if (!read.request_id.present) {
        return invalid("`requestId` is missing or not a string");
    }
    if (!valid_request_id(read.request_id.text)) {
        return invalid("`requestId` must be 1-128 characters of A-Z a-z 0-9 . _ ~ : -, not beginning with . or -");
    }
    if (!read.status.present) {
        return invalid("`status` is missing or not a string");
    }
    task_report report;
    report.status = parse_task_status(read.status.text);
    if (report.status == task_status::expired) { // our own word, not one of upstream's
        report.status.reset();
    }
    report.failure = failure_of(read);
    if (usable_url(read.url)) {
        report.video_url = std::move(read.url.text);
    }
    report.request_id = std::move(read.request_id.text);
    report.status_text = bounded(std::move(read.status.text), max_status);
    return report;
}

} // namespace

result<task_report> read_callback(std::string_view body) {
    if (body.empty()) {
        return invalid("the body is empty");
    }
    json::parse_options strict;
    strict.max_depth = max_depth;
    json::basic_parser<document_reader> parser(strict);
    error_code failed;
    const std::size_t used = parser.write_some(false, body.data(), body.size(), failed);
    if (failed) {
        const char* const ours = parser.handler().problem;
        return invalid(ours != nullptr ? std::string(ours) : "the body is not valid JSON: " + failed.message());
    }
    if (used != body.size()) {
        return invalid("something follows the JSON document");
    }
    return report_of(parser.handler());
}

} // namespace seedhook::seedance
