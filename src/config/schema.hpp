// A section of the configuration as a table: each key once, with its place in the settings, what it takes and one line
// that says what it is for. The parser and the reference are both made from it.
#pragma once

#include "config/place.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::config {

struct key_shape;

// What a text may be, as far as an editor can tell it without us. The reader of the value has the last word.
struct text_shape {
    std::string pattern; // a regular expression (ECMA 262) that it matches; empty: any text
    bool number = false; // a text that YAML takes for a number or a boolean may stand without quotes
    bool boolean = false;
};

struct number_shape {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
};

// What a value may be, for the reference.
struct shape {
    shape() = default;
    explicit shape(std::string completes);

    std::string form; // completes "must be …"

    // Of a single value, or of each in a list or map; any of them will do.
    std::vector<std::string> words;
    std::optional<text_shape> text;
    std::optional<number_shape> number;
    bool boolean = false;
    bool null = false;

    bool is_list = false;
    std::size_t fewest = 0;            // of a list
    bool one_without_brackets = false; // of a list: a single value in its place
    bool is_map = false;

    std::vector<key_shape> keys; // of a section, or of each section in a list
    // Sections of several types, told apart by the key `type`: what it says, and the keys then. `keys` has those of
    // all.
    std::vector<std::pair<std::string, std::vector<key_shape>>> types;
};

struct key_shape {
    std::string key;
    std::string about;
    bool required = false;
    std::string fallback; // the value when the key is left out; empty: none worth a word
    shape value;
};

// Here, as a vector of what is not complete yet cannot be made.
inline shape::shape(std::string completes) : form(std::move(completes)) {}

// What the value may be, in words: `a list, each a host name`.
std::string takes_text(const key_shape& k);

// A reader is a small value with
//   using value_type = …;
//   void read(const place& at, value_type& into) const;  // mistakes go to `at`; `into` is then of no use
//   shape describe() const;
//   std::string show(const value_type& v) const;         // as it would stand in the file
template <class T>
class section {
public:
    // `get` is a pointer to a member of T, or a function from T& to a reference. `about` must live for ever.
    template <class Get, class Reader>
    section& field(std::string_view key, Get get, Reader reader, std::string_view about) {
        rules_.keys.push_back(key);
        entries_.push_back({key, about,
                            [get, reader](const place& at, T& into) { reader.read(at, std::invoke(get, into)); },
                            [get, reader](key_shape& into) {
                                T defaults{};
                                into.value = reader.describe();
                                into.fallback = reader.show(std::invoke(get, defaults));
                            }});
        return *this;
    }

    template <class Get, class Reader>
    section& required(std::string_view key, Get get, Reader reader, std::string_view about) {
        rules_.required.push_back(key);
        return field(key, get, reader, about);
    }

    // Keys that SPEC §7 knows and this version does not.
    section& unsupported(std::initializer_list<std::string_view> keys) {
        rules_.unsupported.insert(rules_.unsupported.end(), keys);
        return *this;
    }

    // For a section of which only some keys are of interest.
    section& any_other_key() {
        rules_.any_key = true;
        return *this;
    }

    // A contradiction between keys. Runs after all keys have been read, whether they were right or not.
    section& check(std::function<void(const T&, const members&)> c) {
        checks_.push_back(std::move(c));
        return *this;
    }

    bool has_required_keys() const noexcept { return !rules_.required.empty(); }

    void read(const place& at, T& into) const {
        auto given = members::of(at, rules_);
        if (!given) {
            return;
        }
        for (const entry& e : entries_) {
            if (const place* value = given->find(e.key)) {
                const std::size_t before = value->mistakes();
                e.read(*value, into);
                if (value->mistakes() != before) {
                    given->spoil(e.key);
                }
            }
        }
        for (const auto& c : checks_) {
            c(into, *given);
        }
    }

    std::vector<key_shape> describe() const {
        std::vector<key_shape> keys;
        for (const entry& e : entries_) {
            key_shape& k = keys.emplace_back();
            k.key = e.key;
            k.about = e.about;
            e.describe(k);
            for (const std::string_view required : rules_.required) {
                if (required == e.key) {
                    k.required = true;
                    k.fallback.clear();
                }
            }
        }
        return keys;
    }

private:
    struct entry {
        std::string_view key;
        std::string_view about;
        std::function<void(const place&, T&)> read;
        std::function<void(key_shape&)> describe;
    };

    members::rules rules_;
    std::vector<entry> entries_;
    std::vector<std::function<void(const T&, const members&)>> checks_;
};

} // namespace seedhook::config
