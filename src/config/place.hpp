// Where the reading of a document stands: a node with the full path of its key, and where mistakes go.
#pragma once

#include "config/document.hpp"
#include "seedhook/config/load.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::config {

// One pass over one document.
class reading {
public:
    reading(std::string file, const variables& from) : file_(std::move(file)), from_(from) {}

    void add(const node& at, std::string key, std::string message);
    std::size_t mistakes() const noexcept { return mistakes_.size(); }
    std::vector<mistake> take(); // in the order of the file
    const variables& from() const noexcept { return from_; }

private:
    std::string file_;
    const variables& from_;
    std::vector<mistake> mistakes_;
};

// Views into the reading and the document, which must outlive it.
class place {
public:
    place(reading& in, const node& at, std::string key) : in_(&in), at_(&at), key_(std::move(key)) {}

    const node& at() const noexcept { return *at_; }
    const std::string& key() const noexcept { return key_; }
    std::size_t mistakes() const noexcept { return in_->mistakes(); }

    place element(std::size_t index) const;                      // of a list
    std::optional<place> member(std::string_view name) const;    // of a map: the first of that name
    place named(std::string_view name, const node& value) const; // `value` under our key and `name`
    place of_key(const node& key) const;                         // a key of the map itself

    void mistake(std::string message) const { in_->add(*at_, key_, std::move(message)); }

    // The scalar with its variables put in; nothing, and no mistake, when it is none or they are wrong.
    std::optional<std::string> text() const;
    // The same. Else a mistake: `must be FORM`, or what is wrong with the variables.
    std::optional<std::string> scalar(std::string_view form) const;

    // Says `must be FORM, not "…"`, with the text as it is written in the file and so never a variable's value.
    void bad_value(std::string_view form) const;

    // True when the text holds a reference or an escaped one: what it came to is then not to be shown.
    bool has_variables() const;

private:
    reading* in_;
    const node* at_;
    std::string key_;
};

// The members of a map against the keys that it may have.
class members {
public:
    struct rules {
        std::vector<std::string_view> keys;
        std::vector<std::string_view> required;
        std::vector<std::string_view> unsupported; // known, but not to this version
        bool any_key = false;                      // unknown keys are not looked for
    };

    // Every unknown, unsupported, repeated and missing key is a mistake. Not a map: a mistake, and nothing.
    static std::optional<members> of(const place& map, const rules& r);

    const place& whole() const noexcept { return whole_; }
    const place* find(std::string_view key) const; // nullptr: not given
    void spoil(std::string_view key) { spoilt_.push_back(key); }

    // False when something was wrong with the value: a check that involves others would only repeat it.
    bool sound(std::string_view key) const;

    // At the key's value, or at the map when it is not given.
    void mistake(std::string_view key, std::string message) const;

private:
    explicit members(place whole) : whole_(std::move(whole)) {}
    place whole_;
    std::map<std::string_view, place> given_;
    std::vector<std::string_view> spoilt_;
};

} // namespace seedhook::config
