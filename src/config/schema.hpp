// A section of the configuration as a table: each key once, with its place in the settings, what it takes and one line
// that says what it is for. The parser and the reference are both made from it.
#pragma once

#include "config/place.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::config {

struct key_shape;

// What a value may be, for the reference.
struct shape {
    std::string form; // completes "must be …"
    bool is_list = false;
    std::vector<key_shape> keys; // of a section, or of each section in a list
};

struct key_shape {
    std::string key;
    std::string about;
    bool required = false;
    std::string fallback; // the value when the key is left out; empty: none worth a word
    shape value;
};

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
