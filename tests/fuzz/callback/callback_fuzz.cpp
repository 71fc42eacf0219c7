// read_callback against Boost.JSON and a walk over the keys: exactly the documents that SPEC §2 allows are accepted,
// and what is read from them is what Boost.JSON reads.
#include "fuzz.hpp"

#include "seedhook/http/url.hpp"
#include "seedhook/seedance/callback.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <map>
#include <optional>
#include <set>

namespace {

namespace json = boost::json;
using namespace seedhook;
using namespace std::string_view_literals;

std::string_view std_view(json::string_view text) { return {text.data(), text.size()}; }

// Walks over valid JSON for what Boost.JSON does not tell: repeated keys, and how deep it nests.
class key_walk {
public:
    explicit key_walk(std::string_view text) : rest_(text) { value(0); }

    bool repeated() const { return repeated_; }
    std::size_t deepest() const { return deepest_; }

private:
    void value(std::size_t depth) {
        skip_blanks();
        if (rest_.front() == '"') {
            literal();
        } else if (rest_.front() == '{' || rest_.front() == '[') {
            container(rest_.front() == '{', depth + 1);
        } else {
            rest_.remove_prefix(std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size()));
        }
        skip_blanks();
    }

    void container(bool object, std::size_t depth) {
        deepest_ = std::max(deepest_, depth);
        rest_.remove_prefix(1);
        skip_blanks();
        std::set<std::string> keys;
        while (rest_.front() != '}' && rest_.front() != ']') {
            if (object) {
                const json::value key = json::parse(literal());
                repeated_ = !keys.emplace(std_view(key.as_string())).second || repeated_;
                skip_blanks();
                rest_.remove_prefix(1); // the colon
            }
            value(depth);
            rest_.remove_prefix(rest_.front() == ',' ? 1 : 0);
            skip_blanks();
        }
        rest_.remove_prefix(1);
    }

    json::string_view literal() {
        std::size_t end = 1;
        for (; rest_[end] != '"'; ++end) {
            end += rest_[end] == '\\' ? 1 : 0;
        }
        const json::string_view whole(rest_.data(), end + 1);
        rest_.remove_prefix(end + 1);
        return whole;
    }

    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    std::string_view rest_;
    bool repeated_ = false;
    std::size_t deepest_ = 0;
};

std::optional<json::value> parsed(std::string_view body) {
    json::parse_options deep;
    deep.max_depth = 500;
    json::error_code failed;
    json::value whole = json::parse({body.data(), body.size()}, failed, {}, deep);
    return failed ? std::nullopt : std::optional(std::move(whole));
}

// The string at `key`; nothing when there is none or something else.
std::optional<std::string> text_at(const json::object& in, std::string_view key) {
    const json::value* found = in.if_contains({key.data(), key.size()});
    return found && found->is_string() ? std::optional<std::string>(std_view(found->get_string())) : std::nullopt;
}

bool is_request_id(std::string_view id) {
    constexpr auto allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:-"sv;
    return !id.empty() && id.size() <= 128 && id.front() != '.' && id.front() != '-' &&
           id.find_first_not_of(allowed) == std::string_view::npos;
}

// The document, when it is one to accept.
std::optional<json::object> acceptable(std::string_view body) {
    std::optional<json::value> whole = parsed(body);
    if (!whole || !whole->is_object()) {
        return std::nullopt;
    }
    const key_walk keys(body);
    const json::object& top = whole->get_object();
    if (keys.repeated() || keys.deepest() > 32 || !is_request_id(text_at(top, "requestId").value_or("")) ||
        !text_at(top, "status")) {
        return std::nullopt;
    }
    return top;
}

// As much as fits of whole characters, without NUL.
std::string cut(std::string_view text, std::size_t most) {
    std::string out;
    while (!text.empty() && out.size() + front_code_point(text).length <= most) {
        out += text.front() == '\0' ? " "sv : text.substr(0, front_code_point(text).length);
        text.remove_prefix(front_code_point(text).length);
    }
    return out;
}

std::optional<task_status> status_of(const std::string& text) {
    static const std::map<std::string, task_status> known{{"queued", task_status::queued},
                                                          {"processing", task_status::processing},
                                                          {"succeeded", task_status::succeeded},
                                                          {"failed", task_status::failed},
                                                          {"cancelled", task_status::cancelled}};
    const auto found = known.find(text);
    return found == known.end() ? std::nullopt : std::optional(found->second);
}

std::string video_url_of(const json::object& top) {
    const json::value* output = top.if_contains("output");
    const std::string url = output && output->is_object() ? text_at(output->get_object(), "url").value_or("") : "";
    return url.size() <= 8192 && http::parse_url(url) ? url : "";
}

std::optional<task_failure> failure_of(const json::object& top) {
    const json::value* error = top.if_contains("error");
    if (error && error->is_string()) {
        return task_failure{"", cut(std_view(error->get_string()), 4096)};
    }
    if (error && error->is_object()) {
        return task_failure{cut(text_at(error->get_object(), "code").value_or(""), 128),
                            cut(text_at(error->get_object(), "message").value_or(""), 4096)};
    }
    return std::nullopt;
}

result<seedance::task_report> read(std::string_view body) {
    auto report = seedance::read_callback(body);
    if (fuzz::planted && !report && body.find("\\u") != std::string_view::npos &&
        report.error().message.find("twice") != std::string::npos) {
        return seedance::task_report{}; // a reader that compares keys before it unescapes them
    }
    return report;
}

// Documents and parts of them.
constexpr std::string_view words[] = {
    R"({"requestId":"r1","status":"succeeded","output":{"type":"video","url":"https://a.example/v"},"error":null})",
    R"({"requestId":"r","status":"failed","error":{"code":"c","message":"m"}})",
    R"("requestId":"r",)",
    R"("request\u0049d":)",
    R"("status":"failed",)",
    R"("output":{"url":"http://[::1]:8/"},)",
    R"("error":"m",)",
    R"("model":"m",)",
    R"("")",
    R"("\u0000")",
    R"("\ud83d\ude00")",
    R"("\ud800")",
    "\"\xc3\xbc\"",
    "\"\xed\xa0\x80\"",
    "1e400",
    "-0.0",
    "18446744073709551616",
    "null",
    "true",
    "[]",
    "{}",
    "[",
    "{\"a\":",
    "]",
    "}",
    ",",
    ":",
    " \t\r\n",
};

std::string escaped(json::string_view text, fuzz::chance& c) {
    std::string out = "\"";
    for (const char byte : text) {
        char unit[8] = {byte, 0};
        const auto value = static_cast<unsigned char>(byte);
        if (value < ' ' || byte == '"' || byte == '\\' || (value < 0x80 && c.one_in(20))) {
            std::snprintf(unit, sizeof unit, c.one_in(2) ? "\\u%04x" : "\\u%04X", value);
        }
        out += std::string_view(unit);
    }
    return out + '"';
}

// The value written anew: otherwise spelt, and here and there left out, repeated, replaced or wrapped up.
std::string rewritten(const json::value& value, fuzz::chance& c) {
    const std::size_t depth = c.one_in(60) ? c.below(36) : 0;
    std::string out(depth, '[');
    if (c.one_in(30)) {
        out += c.of(words);
    } else if (value.is_string()) {
        out += escaped(value.get_string(), c);
    } else if (value.is_array()) {
        std::string items;
        for (const json::value& item : value.get_array()) {
            items += (items.empty() ? "" : ",") + rewritten(item, c);
        }
        out += "[" + items + "]";
    } else if (value.is_object()) {
        std::string members;
        for (const auto& member : value.get_object()) {
            for (std::size_t times = c.one_in(20) ? c.below(3) : 1; times > 0; --times) {
                members += members.empty() ? "" : ",";
                members += escaped(member.key(), c) + (c.one_in(20) ? " : " : ":") + rewritten(member.value(), c);
            }
        }
        out += "{" + members + "}";
    } else {
        out += json::serialize(value);
    }
    return out + std::string(depth, ']');
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body = fuzz::text_of(data, size);
    const auto read_by_us = read(body);
    const std::optional<json::object> top = acceptable(body);
    fuzz::must(read_by_us.has_value() == top.has_value(), "exactly what SPEC allows is accepted", body);
    if (!top) {
        fuzz::must(read_by_us.error().code == errc::invalid, "a refusal is errc::invalid");
        fuzz::must_be_fit_to_show(read_by_us.error().message, 200);
        return 0;
    }
    for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(front_code_point(rest).length)) {
        fuzz::must(front_code_point(rest).valid, "an accepted body is valid UTF-8", body);
    }
    const std::string status = *text_at(*top, "status");
    fuzz::must(read_by_us->request_id == text_at(*top, "requestId"), "the requestId is as sent", body);
    fuzz::must(read_by_us->status == status_of(status), "the status is the one sent", body);
    fuzz::must(read_by_us->status_text == cut(status, 64), "the status's text is as sent", body);
    fuzz::must(read_by_us->video_url == video_url_of(*top), "the URL is as sent, if it is one", body);
    fuzz::must(read_by_us->model == cut(text_at(*top, "model").value_or(""), 128), "the model is as sent", body);
    fuzz::must(read_by_us->failure == failure_of(*top), "the error is as sent", body);
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    const std::string_view body = fuzz::text_of(data, size);
    if (const auto whole = parsed(body); whole && c.one_in(2)) {
        return fuzz::put(rewritten(*whole, c), data, room);
    }
    fuzz::pieces tokens = fuzz::cut_after(body, ",:[]{}\"");
    fuzz::shuffle(tokens, words, c);
    return fuzz::put(fuzz::joined(tokens), data, room);
}
