// Boost.JSON tells whether the text is sound; a scan of sound text then finds where its members begin and end.
#include "control/document.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <utility>

namespace seedhook::control {
namespace {

namespace json = boost::json;

// Over JSON that is known to be well-formed.
class scanner {
public:
    explicit scanner(std::string_view text) : text_(text) {}

    // Skips white space and what stands between members. True at the beginning of a member.
    bool at_member() {
        at_ = std::min(text_.find_first_not_of(" \t\r\n{,", at_), text_.size());
        return at_ < text_.size() && text_[at_] == '"';
    }

    member next() {
        const std::size_t begin = at_;
        const std::string_view quoted = string();
        at_ = text_.find_first_not_of(" \t\r\n:", at_);
        member m;
        m.key = json::parse(quoted).as_string();
        m.value = value();
        m.whole = text_.substr(begin, at_ - begin);
        return m;
    }

private:
    std::string_view string() {
        const std::size_t begin = at_++;
        while (text_[at_] != '"') {
            at_ += text_[at_] == '\\' ? 2 : 1;
        }
        return text_.substr(begin, ++at_ - begin);
    }

    std::string_view value() {
        const std::size_t begin = at_;
        if (text_[at_] == '"') {
            return string();
        }
        if (text_[at_] == '{' || text_[at_] == '[') {
            skip_nested();
        } else {
            at_ = text_.find_first_of(" \t\r\n,}", at_);
        }
        return text_.substr(begin, at_ - begin);
    }

    void skip_nested() {
        std::size_t depth = 0;
        do {
            const char c = text_[at_];
            if (c == '"') {
                string();
                continue;
            }
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= c == '}' || c == ']' ? 1 : 0;
            ++at_;
        } while (depth > 0);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

const member* document::find(std::string_view key) const noexcept {
    const auto at = std::find_if(members.begin(), members.end(), [&](const member& m) { return m.key == key; });
    return at == members.end() ? nullptr : &*at;
}

result<document> read_document(std::string_view text) {
    boost::system::error_code failed;
    json::value parsed = json::parse(text, failed);
    if (failed || !parsed.is_object()) {
        return error(errc::invalid,
                     "the body must be a JSON object" + (failed ? ": " + failed.message() : std::string()));
    }
    document read;
    read.values = std::move(parsed.get_object());
    read.members.reserve(read.values.size());
    for (scanner scan(text); scan.at_member();) {
        read.members.push_back(scan.next());
        if (read.members.size() > read.values.size()) { // the parser keeps one of each key
            return error(errc::invalid, "a key appears twice in the body");
        }
    }
    return read;
}

} // namespace seedhook::control
