// The readers of single values, for the tables that `schema.hpp` describes.
#pragma once

#include "config/rules.hpp"
#include "config/schema.hpp"
#include "seedhook/config/config.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::config {

// Text that `check` has nothing to complain of. Control characters are refused unless `any_character`.
struct text {
    using value_type = std::string;

    std::string_view form = "text";
    rule check = nullptr;
    bool any_character = false;

    void read(const place& at, std::string& into) const;
    shape describe() const;
    std::string show(const std::string& v) const;
};

// `text`, or null for none.
struct text_or_null {
    using value_type = std::string;

    text inner;

    void read(const place& at, std::string& into) const;
    shape describe() const;
    std::string show(const std::string& v) const;
};

// Any bytes but none, or what `check` has nothing to complain of. Nothing of it is ever shown.
struct secret_text {
    using value_type = secret;

    rule check = nullptr; // its complaints must not quote the text

    void read(const place& at, secret& into) const;
    shape describe() const;
    std::string show(const secret&) const { return {}; }
};

struct boolean {
    using value_type = bool;

    void read(const place& at, bool& into) const;
    shape describe() const;
    std::string show(bool v) const { return v ? "true" : "false"; }
};

struct integer {
    using value_type = std::uint32_t;

    std::uint32_t least = 0;
    std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    std::string_view zero_word = {}; // written instead of 0: `auto`

    void read(const place& at, std::uint32_t& into) const;
    shape describe() const;
    std::string show(std::uint32_t v) const;
};

struct time_span {
    using value_type = duration;

    duration least{0};
    duration most{duration::max()};

    void read(const place& at, duration& into) const;
    shape describe() const;
    std::string show(duration v) const;
};

struct size {
    using value_type = std::uint64_t;

    std::uint64_t least = 0;
    std::uint64_t most = std::numeric_limits<std::int64_t>::max();

    void read(const place& at, std::uint64_t& into) const;
    shape describe() const;
    std::string show(std::uint64_t v) const;
};

// A time span, or a word for none: `auto`, `forever`.
struct time_span_or_word {
    using value_type = std::optional<duration>;

    time_span span;
    std::string_view word;

    void read(const place& at, std::optional<duration>& into) const;
    shape describe() const;
    std::string show(const std::optional<duration>& v) const;
};

// Permissions of a file in octal: 0640.
struct file_mode {
    using value_type = std::uint32_t;

    void read(const place& at, std::uint32_t& into) const;
    shape describe() const;
    std::string show(std::uint32_t v) const;
};

// The part of `choice` that does not depend on the type: the index of the word, or a mistake.
std::optional<std::size_t> read_choice(const place& at, const std::vector<std::string_view>& words,
                                       const std::vector<std::string_view>& unsupported);
shape describe_choice(const std::vector<std::string_view>& words);

// One of some words. `unsupported` are words that SPEC §7 knows and this version does not.
template <class E>
struct choice {
    using value_type = E;

    std::vector<std::pair<std::string_view, E>> options;
    std::vector<std::string_view> unsupported = {};

    std::vector<std::string_view> words() const {
        std::vector<std::string_view> out;
        for (const auto& option : options) {
            out.push_back(option.first);
        }
        return out;
    }
    void read(const place& at, E& into) const {
        if (const auto index = read_choice(at, words(), unsupported)) {
            into = options[*index].second;
        }
    }
    shape describe() const { return describe_choice(words()); }
    std::string show(const E& v) const {
        for (const auto& [word, value] : options) {
            if (value == v) {
                return std::string(word);
            }
        }
        return {};
    }
};

// A list; with `one_without_brackets` also a single value in its place. Wrong elements keep their index.
template <class Reader>
struct list {
    using value_type = std::vector<typename Reader::value_type>;

    Reader element;
    std::size_t least = 0;
    bool one_without_brackets = false;

    void read(const place& at, value_type& into) const {
        into.clear();
        if (one_without_brackets && is_one(at.at().what)) {
            element.read(at, into.emplace_back());
            return;
        }
        if (at.at().what != node::kind::list) {
            at.mistake("must be a list");
            return;
        }
        if (at.at().items.size() < least) {
            at.mistake("must not be an empty list");
        }
        for (std::size_t i = 0; i < at.at().items.size(); ++i) {
            element.read(at.element(i), into.emplace_back());
        }
    }
    shape describe() const {
        shape s = element.describe();
        s.is_list = true;
        s.fewest = least;
        s.one_without_brackets = one_without_brackets;
        return s;
    }
    std::string show(const value_type& v) const {
        std::string out;
        for (const auto& item : v) {
            out += (out.empty() ? "" : ", ") + element.show(item);
        }
        return "[" + out + "]";
    }

private:
    // Of sections even what is neither: the section's reader says what is wrong with it.
    bool is_one(node::kind what) const {
        return what == node::kind::scalar || (what != node::kind::list && !element.describe().keys.empty());
    }
};

// The members of a map with any keys that `check` has nothing to complain of, each once: `read` gets a key and its
// value's place.
void read_members(const place& at, rule check, const std::function<void(const std::string&, const place&)>& read);

// Any keys, each with a value.
template <class Reader>
struct map_of {
    using value_type = std::map<std::string, typename Reader::value_type>;

    Reader element;
    rule check = nullptr; // of a key

    void read(const place& at, value_type& into) const {
        into.clear();
        read_members(at, check, [&](const std::string& key, const place& value) { element.read(value, into[key]); });
    }
    shape describe() const {
        shape s = element.describe();
        s.form = "a map of keys to " + s.form;
        s.is_map = true;
        return s;
    }
    std::string show(const value_type&) const { return "{}"; }
};

shape describe_section(std::vector<key_shape> keys);

// A section of its own. With nothing after its key it is as if left out (all its keys commented out is no mistake),
// unless it has keys that are required.
template <class T>
struct nested {
    using value_type = T;

    const section<T>& (*table)();

    void read(const place& at, T& into) const {
        if (at.at().what != node::kind::null || table().has_required_keys()) {
            table().read(at, into);
        }
    }
    shape describe() const {
        shape s = describe_section(table().describe());
        s.null = !table().has_required_keys();
        return s;
    }
    std::string show(const T&) const { return {}; }
};

// A section that is there or not.
template <class T>
struct optional_nested {
    using value_type = std::optional<T>;

    const section<T>& (*table)();

    void read(const place& at, std::optional<T>& into) const { table().read(at, into.emplace()); }
    shape describe() const { return describe_section(table().describe()); }
    std::string show(const std::optional<T>&) const { return {}; }
};

} // namespace seedhook::config
