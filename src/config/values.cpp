// Reading of single values; each mistake says what the value must be.
#include "config/values.hpp"

#include "config/suggest.hpp"
#include "seedhook/config/size.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <set>

namespace seedhook::config {
namespace {

bool has_control(std::string_view value) {
    while (!value.empty()) {
        const code_point c = front_code_point(value);
        if (!c.valid || is_control(c.value)) {
            return true;
        }
        value.remove_prefix(c.length);
    }
    return false;
}

template <class Number>
std::optional<Number> whole_number(std::string_view digits, int base) {
    Number value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size()) {
        return {};
    }
    return value;
}

std::string any_of(const std::vector<std::string_view>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

text_shape text_that(rule check) {
    const auto fits = [check](std::string_view value) { return check == nullptr || !check(value); };
    return {std::string(pattern_of(check)), fits("1"), fits("true")};
}

} // namespace

void text::read(const place& at, std::string& into) const {
    auto value = at.scalar(form);
    if (!value) {
        return;
    }
    if (!any_character && has_control(*value)) {
        at.mistake("must be " + std::string(form) + " without control characters");
    } else if (const complaint wrong = check ? check(*value) : std::nullopt) {
        // A complaint may quote the value, and a variable's value may be a secret.
        at.bad_value(at.has_variables() ? form : std::string_view(*wrong));
    } else {
        into = std::move(*value);
    }
}

shape text::describe() const {
    shape s{std::string(form)};
    s.text = text_that(check);
    return s;
}

std::string text::show(const std::string& v) const { return v; }

void text_or_null::read(const place& at, std::string& into) const {
    if (at.at().what == node::kind::null) {
        into.clear();
    } else {
        inner.read(at, into);
    }
}

shape text_or_null::describe() const {
    shape s = inner.describe();
    s.form += ", or null";
    s.null = true;
    return s;
}

std::string text_or_null::show(const std::string& v) const { return v.empty() ? "null" : v; }

void secret_text::read(const place& at, secret& into) const {
    auto value = at.scalar("a secret's text");
    if (!value) {
        return;
    }
    if (value->empty()) {
        at.mistake("must not be empty");
    } else if (const complaint wrong = check ? check(*value) : std::nullopt) {
        at.mistake("must be " + *wrong);
    } else {
        into = secret(std::move(*value));
    }
}

shape secret_text::describe() const {
    shape s("a secret's text");
    s.text = text_that(check);
    return s;
}

void boolean::read(const place& at, bool& into) const {
    const auto value = at.scalar("true or false");
    if (!value) {
        return;
    }
    if (*value != "true" && *value != "false") {
        at.bad_value("true or false");
    }
    into = *value == "true";
}

shape boolean::describe() const {
    shape s("true or false");
    s.boolean = true;
    s.text = text_shape{"^(true|false)$"};
    return s;
}

void integer::read(const place& at, std::uint32_t& into) const {
    const std::string form = describe().form;
    const auto value = at.scalar(form);
    if (!value) {
        return;
    }
    if (!zero_word.empty() && *value == zero_word) {
        into = 0;
        return;
    }
    const auto number = whole_number<std::uint32_t>(*value, 10);
    if (!number || *number < least || *number > most) {
        at.bad_value(form);
    } else {
        into = *number;
    }
}

shape integer::describe() const {
    shape s((zero_word.empty() ? "" : std::string(zero_word) + " or ") + "a whole number from " +
            std::to_string(least) + " to " + std::to_string(most));
    s.number = number_shape{least, most};
    s.text = text_shape{"^[0-9]+$"};
    if (!zero_word.empty()) {
        s.words.emplace_back(zero_word);
    }
    return s;
}

std::string integer::show(std::uint32_t v) const {
    return v == 0 && !zero_word.empty() ? std::string(zero_word) : std::to_string(v);
}

void time_span::read(const place& at, duration& into) const {
    const std::string form = describe().form;
    const auto value = at.scalar(form);
    if (!value) {
        return;
    }
    const auto parsed = parse_duration(*value);
    if (!parsed) {
        at.bad_value("a duration such as 500ms, 30s, 5m, 24h or 7d");
    } else if (*parsed < least || *parsed > most) {
        at.bad_value(form);
    } else {
        into = *parsed;
    }
}

shape time_span::describe() const {
    std::string form = "a duration of at least " + to_string(least);
    if (most != duration::max()) {
        form = "a duration from " + to_string(least) + " to " + to_string(most);
    }
    shape s(std::move(form));
    s.text = text_shape{"^[0-9]+(ms|s|m|h|d)$"};
    return s;
}

std::string time_span::show(duration v) const { return to_string(v); }

void time_span_or_word::read(const place& at, std::optional<duration>& into) const {
    if (at.text() == word) {
        into.reset();
    } else {
        span.read(at, into.emplace());
    }
}

shape time_span_or_word::describe() const {
    shape s = span.describe();
    s.form = std::string(word) + " or " + s.form;
    s.words.emplace_back(word);
    return s;
}

std::string time_span_or_word::show(const std::optional<duration>& v) const {
    return v ? span.show(*v) : std::string(word);
}

void size::read(const place& at, std::uint64_t& into) const {
    const std::string form = describe().form;
    const auto value = at.scalar(form);
    if (!value) {
        return;
    }
    const auto parsed = parse_size(*value);
    if (!parsed) {
        at.bad_value("a size such as 64KiB, 4GiB, or a plain number of bytes");
    } else if (*parsed < least || *parsed > most) {
        at.bad_value(form);
    } else {
        into = *parsed;
    }
}

shape size::describe() const {
    std::string form = "a size of at least " + size_text(least);
    if (most != size{}.most) {
        form = "a size from " + size_text(least) + " to " + size_text(most);
    }
    shape s(std::move(form));
    s.number = number_shape{least, most};
    s.text = text_shape{"^[0-9]+(KiB|MiB|GiB|TiB)?$"};
    return s;
}

std::string size::show(std::uint64_t v) const { return size_text(v); }

void file_mode::read(const place& at, std::uint32_t& into) const {
    const std::string form = describe().form;
    const auto value = at.scalar(form);
    if (!value) {
        return;
    }
    const auto mode = whole_number<std::uint32_t>(*value, 8);
    if (!mode || *mode > 0777 || value->size() < 2 || value->front() != '0') {
        at.bad_value(form);
    } else {
        into = *mode;
    }
}

shape file_mode::describe() const {
    shape s("permissions in octal with a leading 0, from 0000 to 0777");
    s.text = text_shape{"^0+[0-7]{1,3}$"};
    s.number = number_shape{0, 777}; // what YAML makes of it, in base 8 or 10
    return s;
}

std::string file_mode::show(std::uint32_t v) const {
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04o", v);
    return buffer.data();
}

std::optional<std::size_t> read_choice(const place& at, const std::vector<std::string_view>& words,
                                       const std::vector<std::string_view>& unsupported) {
    const std::string form = any_of(words);
    const auto value = at.scalar(form);
    if (!value) {
        return {};
    }
    if (const auto found = std::find(words.begin(), words.end(), *value); found != words.end()) {
        return static_cast<std::size_t>(found - words.begin());
    }
    if (std::find(unsupported.begin(), unsupported.end(), *value) != unsupported.end()) {
        at.bad_value(form + " (this version of seedhook supports no other)");
    } else if (const auto meant = nearest(*value, words); meant && !at.has_variables()) {
        at.mistake("must be " + form + "; did you mean \"" + std::string(*meant) + "\"?");
    } else {
        at.bad_value(form);
    }
    return {};
}

shape describe_choice(const std::vector<std::string_view>& words) {
    shape s(any_of(words));
    s.words.assign(words.begin(), words.end());
    return s;
}

shape describe_section(std::vector<key_shape> keys) {
    shape s("a section");
    s.keys = std::move(keys);
    return s;
}

void read_members(const place& at, rule check, const std::function<void(const std::string&, const place&)>& read) {
    if (at.at().what != node::kind::map) {
        at.mistake("must be a map of keys to values");
        return;
    }
    std::set<std::string_view> seen;
    const std::vector<node>& items = at.at().items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        const place key = at.of_key(items[i]);
        const auto wrong = check != nullptr ? check(items[i].text) : std::nullopt;
        if (items[i].what != node::kind::scalar) {
            key.mistake("a key must be text");
        } else if (!seen.insert(items[i].text).second) {
            key.mistake("is there twice");
        } else if (wrong) {
            key.mistake("each key must be " + *wrong);
        } else {
            read(items[i].text, at.named(items[i].text, items[i + 1]));
        }
    }
}

} // namespace seedhook::config
