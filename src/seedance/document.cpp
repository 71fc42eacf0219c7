// Boost.JSON's own parser keeps the last of duplicate keys silently, which would let two readers of one signed body see
// two different things; hence a handler of our own for its events.
#include "seedance/document.hpp"

#include "seedhook/http/url.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace seedhook::seedance {
namespace {

namespace json = boost::json;
using json::error_code;

constexpr std::size_t max_depth = 32;

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

    document found;
    const char* problem = nullptr; // ours, beside the parser's

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code&) {
        const bool in_known = depth_ == 1 && (next_ == field::output || next_ == field::error);
        found.has_error = found.has_error || (depth_ == 1 && next_ == field::error);
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
        if (captured_text* const into = target()) {
            into->append({part.data(), part.size()});
        }
        return true;
    }
    bool on_string(json::string_view rest, std::size_t size, error_code& ec) {
        if (!on_string_part(rest, size, ec)) {
            return false;
        }
        if (captured_text* const into = target()) {
            into->present = true;
        }
        found.has_error = found.has_error || (next_ == field::error);
        next_ = field::none;
        return true;
    }

    bool on_number_part(json::string_view, error_code& ec) { return inside(ec); }
    bool on_int64(std::int64_t, json::string_view, error_code& ec) { return other_value(ec); }
    bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return other_value(ec); }
    bool on_double(double, json::string_view, error_code& ec) { return other_value(ec); }
    bool on_bool(bool value, error_code& ec) {
        if (next_ == field::success) {
            found.success = value;
        }
        return other_value(ec);
    }
    bool on_null(error_code& ec) { return other_value(ec); }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

private:
    enum class place : std::uint8_t { top, output, error, elsewhere };
    enum class field : std::uint8_t { none, request_id, status, model, success, output, url, error, code, message };
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
                   : key == "model"   ? field::model
                   : key == "success" ? field::success
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

    captured_text* target() noexcept {
        switch (next_) {
        case field::request_id:
            return &found.request_id;
        case field::status:
            return &found.status;
        case field::model:
            return &found.model;
        case field::url:
            return &found.url;
        case field::error:
            return &found.error_text;
        case field::code:
            return &found.error_code;
        case field::message:
            return &found.error_message;
        case field::none:
        case field::success:
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

// What the client would take: an absolute http or https URL.
bool usable_url(const captured_text& url) {
    return url.present && !url.too_long() && http::parse_url(url.text).has_value();
}

error invalid(std::string why) { return {errc::invalid, std::move(why)}; }

} // namespace

std::string captured_text::bounded() const {
    std::string out = text;
    if (too_long()) {
        std::size_t end = limit_;
        while (end > 0 && (static_cast<std::uint8_t>(out[end]) & 0xc0) == 0x80) {
            --end;
        }
        out.resize(end);
    }
    std::replace(out.begin(), out.end(), '\0', ' ');
    return out;
}

result<document> read_document(std::string_view body) {
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
    return std::move(parser.handler().found);
}

std::optional<task_failure> failure_of(const document& from) {
    if (!from.has_error) {
        return std::nullopt;
    }
    return task_failure{from.error_code.bounded(),
                        (from.error_message.present ? from.error_message : from.error_text).bounded()};
}

std::optional<task_status> status_of(const document& from) {
    const auto status = parse_task_status(from.status.text);
    return status == task_status::expired ? std::nullopt : status; // our own word, not one of upstream's
}

result<task_report> report_of(document&& from) {
    if (!from.request_id.present) {
        return invalid("`requestId` is missing or not a string");
    }
    if (!valid_request_id(from.request_id.text)) {
        return invalid("`requestId` must be 1-128 characters of A-Z a-z 0-9 . _ ~ : -, not beginning with . or -");
    }
    if (!from.status.present) {
        return invalid("`status` is missing or not a string");
    }
    task_report report;
    report.request_id = std::move(from.request_id.text);
    report.status = status_of(from);
    report.status_text = from.status.bounded();
    report.model = from.model.bounded();
    report.failure = failure_of(from);
    if (usable_url(from.url)) {
        report.video_url = std::move(from.url.text);
    }
    return report;
}

} // namespace seedhook::seedance
