// Boost.JSON says whether the document is valid; where its members stand, and whether a key comes twice, it does not
// say, so a second pass over text that is known to be valid finds that.
#include "gateway/document.hpp"

#include "seedhook/model/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace seedhook::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t deepest = 32;
constexpr std::size_t longest_model = 128;
constexpr std::size_t largest_metadata = 16 * 1024;
constexpr std::size_t shown_of_prompt = 80; // characters
constexpr std::string_view space = " \t\r\n";

error invalid(std::string why) { return {errc::invalid, std::move(why)}; }

struct member {
    std::string key; // unescaped
    std::size_t begin = 0;
    std::size_t size = 0; // of the value's text
};

// A string of valid JSON, with its quotes.
std::string unescaped(std::string_view literal) {
    if (literal.find('\\') == std::string_view::npos) {
        return std::string(literal.substr(1, literal.size() - 2));
    }
    const json::value text = json::parse(literal);
    return std::string(text.get_string());
}

// Walks over text that is valid JSON.
class walker {
public:
    explicit walker(std::string_view valid) : text_(valid) { pass_space(); }

    // False when a key comes twice, here or in an object within. `into` gets this object's own members.
    bool pass_object(std::vector<member>& into) {
        ++at_;
        pass_space();
        while (text_[at_] != '}') {
            member one;
            one.key = unescaped(pass_string());
            pass_space();
            ++at_; // the colon
            pass_space();
            one.begin = at_;
            if (!pass_value()) {
                return false;
            }
            one.size = at_ - one.begin;
            into.push_back(std::move(one));
            pass_separator();
        }
        ++at_;
        return !repeats_a_key(into);
    }

private:
    static bool repeats_a_key(const std::vector<member>& members) {
        std::vector<std::string_view> keys;
        keys.reserve(members.size());
        for (const member& m : members) {
            keys.emplace_back(m.key);
        }
        std::sort(keys.begin(), keys.end());
        return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
    }

    bool pass_value() {
        switch (text_[at_]) {
        case '{': {
            std::vector<member> within;
            return pass_object(within);
        }
        case '[':
            return pass_array();
        case '"':
            pass_string();
            return true;
        default:
            at_ = text_.find_first_of(",]} \t\r\n", at_);
            return true;
        }
    }

    bool pass_array() {
        ++at_;
        pass_space();
        while (text_[at_] != ']') {
            if (!pass_value()) {
                return false;
            }
            pass_separator();
        }
        ++at_;
        return true;
    }

    std::string_view pass_string() {
        const std::size_t begin = at_;
        for (++at_; text_[at_] != '"'; ++at_) {
            at_ += text_[at_] == '\\' ? 1 : 0;
        }
        return text_.substr(begin, ++at_ - begin);
    }

    void pass_separator() {
        pass_space();
        if (text_[at_] == ',') {
            ++at_;
            pass_space();
        }
    }

    void pass_space() { at_ = text_.find_first_not_of(space, at_); }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<std::string> fault_of(std::string_view document) {
    json::parse_options options;
    options.max_depth = deepest;
    boost::system::error_code failed;
    const json::value parsed = json::parse(document, failed, {}, options);
    if (failed) {
        return failed == json::error::too_deep ? "the body nests too deeply"
                                               : "the body is not JSON: " + failed.message();
    }
    return parsed.is_object() ? std::nullopt : std::optional<std::string>("the body is not a JSON object");
}

const member* find(const std::vector<member>& among, std::string_view key) {
    const auto found = std::find_if(among.begin(), among.end(), [key](const member& m) { return m.key == key; });
    return found == among.end() ? nullptr : &*found;
}

std::string_view first_characters(std::string_view text, std::size_t count) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < count && end < text.size(); ++i) {
        end += front_code_point(text.substr(end)).length;
    }
    return text.substr(0, end);
}

// At most `most` bytes, whole characters, and without NUL, which not every store can keep in a text.
std::string bounded(std::string_view text, std::size_t most) {
    text = text.substr(0, text.find('\0'));
    std::size_t end = 0;
    while (end < text.size() && end + front_code_point(text.substr(end)).length <= most) {
        end += front_code_point(text.substr(end)).length;
    }
    return std::string(text.substr(0, end));
}

class reading {
public:
    reading(std::string_view document, std::vector<member> members)
        : document_(document), members_(std::move(members)) {}

    std::string model() const { return bounded(text_of("model"), longest_model); }

    std::string metadata() const {
        const std::string_view value = value_of("metadata");
        return value.starts_with('{') && value.size() <= largest_metadata ? std::string(value) : "{}";
    }

    std::string what() const {
        const std::string prompt = text_of("prompt");
        const std::string_view begin = first_characters(prompt, shown_of_prompt);
        return printable(model()) + ": " + printable(begin) + (begin.size() < prompt.size() ? "…" : "");
    }

    callbacks called_back(std::string_view url) const {
        const std::string_view given = value_of("webhookUrl");
        return given.empty() || given == "null" || text_of("webhookUrl") == url ? callbacks::here
                                                                                : callbacks::elsewhere;
    }

    std::string with_webhook(std::string_view url) const {
        std::string out(document_);
        const std::string value = json::serialize(json::string_view(url.data(), url.size()));
        const member* given = find(members_, "webhookUrl");
        if (given != nullptr && value_of("webhookUrl") == "null") {
            out.replace(given->begin, given->size, value);
        } else if (given == nullptr) {
            const std::string added = R"("webhookUrl":)" + value + (members_.empty() ? "" : ",");
            out.insert(out.find('{') + 1, added);
        }
        return out;
    }

private:
    std::string_view value_of(std::string_view key) const {
        const member* const found = find(members_, key);
        return found != nullptr ? document_.substr(found->begin, found->size) : std::string_view();
    }
    // Empty when no string stands there.
    std::string text_of(std::string_view key) const {
        const std::string_view value = value_of(key);
        return value.starts_with('"') ? unescaped(value) : std::string();
    }

    std::string_view document_;
    std::vector<member> members_;
};

} // namespace

result<submission_document> read_submission(std::string_view document, std::string_view callback_url) {
    if (auto fault = fault_of(document)) {
        return invalid(std::move(*fault));
    }
    std::vector<member> members;
    if (!walker(document).pass_object(members)) {
        return invalid("a key appears twice in one object");
    }
    const reading read(document, std::move(members));
    submission_document out;
    out.body = callback_url.empty() ? std::string(document) : read.with_webhook(callback_url);
    out.called_back = read.called_back(callback_url);
    out.model = read.model();
    out.metadata = read.metadata();
    out.what = read.what();
    return out;
}

} // namespace seedhook::gateway
