// Mistakes with their place and key path; maps held against the keys they may have.
#include "config/place.hpp"

#include "config/expand.hpp"
#include "config/suggest.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace seedhook::config {
namespace {

constexpr std::size_t longest_shown = 64;

// Foreign text in a message: short, harmless to a terminal.
std::string shown(std::string_view text) {
    std::size_t kept = 0;
    while (kept < text.size()) {
        const std::size_t next = kept + front_code_point(text.substr(kept)).length;
        if (next > longest_shown) {
            return printable(text.substr(0, kept)) + "…";
        }
        kept = next;
    }
    return printable(text);
}

// A URL without the user and password before its host.
std::string without_userinfo(std::string_view text) {
    constexpr std::string_view separator = "://";
    const std::size_t scheme = text.find(separator);
    if (scheme == std::string_view::npos) {
        return std::string(text);
    }
    const std::size_t begin = scheme + separator.size();
    const std::size_t at = text.substr(begin, text.find_first_of("/?#", begin) - begin).rfind('@');
    if (at == std::string_view::npos) {
        return std::string(text);
    }
    return std::string(text.substr(0, begin)) + "…" + std::string(text.substr(begin + at));
}

} // namespace

std::string mistake::to_string() const {
    std::string out = printable(file);
    if (line > 0) {
        out += ":" + std::to_string(line) + ":" + std::to_string(column);
    }
    out += ": ";
    if (!key.empty()) {
        out += key + ": ";
    }
    return out + message;
}

void reading::add(const node& at, std::string key, std::string message) {
    mistakes_.push_back(mistake{file_, at.line, at.column, std::move(key), std::move(message)});
}

std::vector<mistake> reading::take() {
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const mistake& a, const mistake& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    return std::move(mistakes_);
}

place place::element(std::size_t index) const {
    return place(*in_, at_->items[index], key_ + "[" + std::to_string(index) + "]");
}

place place::named(std::string_view name, const node& value) const {
    return place(*in_, value, (key_.empty() ? "" : key_ + ".") + shown(name));
}

place place::of_key(const node& key) const {
    if (key.what != node::kind::scalar) {
        return place(*in_, key, key_);
    }
    return named(key.text.empty() ? "\"\"" : std::string_view(key.text), key);
}

std::optional<place> place::member(std::string_view name) const {
    if (at_->what == node::kind::map) {
        for (std::size_t i = 0; i + 1 < at_->items.size(); i += 2) {
            if (at_->items[i].what == node::kind::scalar && at_->items[i].text == name) {
                return named(name, at_->items[i + 1]);
            }
        }
    }
    return {};
}

std::optional<std::string> place::text() const {
    if (at_->what != node::kind::scalar) {
        return {};
    }
    auto value = expand(at_->text, in_->from());
    return value ? std::optional(std::move(*value)) : std::nullopt;
}

std::optional<std::string> place::scalar(std::string_view form) const {
    if (at_->what != node::kind::scalar) {
        mistake("must be " + std::string(form));
        return {};
    }
    auto value = expand(at_->text, in_->from());
    if (!value) {
        mistake(printable(value.error().message));
        return {};
    }
    return std::move(*value);
}

void place::bad_value(std::string_view form) const {
    mistake("must be " + std::string(form) + ", not \"" + shown(without_userinfo(at_->text)) + "\"");
}

bool place::has_variables() const { return at_->text.find("${") != std::string::npos; }

std::optional<members> members::of(const place& map, const rules& r) {
    if (map.at().what != node::kind::map) {
        map.mistake("must be a map with " + std::string(r.keys.size() == 1 ? "the key" : "keys such as") + " `" +
                    std::string(r.keys.front()) + "`");
        return {};
    }
    members out(map);
    std::set<std::string_view> seen;
    const std::vector<node>& items = map.at().items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        const node& key = items[i];
        const place of_key = map.of_key(key);
        if (key.what != node::kind::scalar) {
            of_key.mistake("a key must be text");
        } else if (!seen.insert(key.text).second) {
            of_key.mistake("is there twice");
        } else if (const auto known = std::find(r.keys.begin(), r.keys.end(), key.text); known != r.keys.end()) {
            out.given_.emplace(*known, map.named(key.text, items[i + 1]));
        } else if (std::find(r.unsupported.begin(), r.unsupported.end(), key.text) != r.unsupported.end()) {
            of_key.mistake("is not supported by this version of seedhook");
        } else if (!r.any_key) {
            const auto meant = nearest(key.text, r.keys);
            of_key.mistake("unknown key" + (meant ? "; did you mean \"" + std::string(*meant) + "\"?" : std::string()));
        }
    }
    for (const std::string_view key : r.required) {
        if (!out.given_.contains(key)) {
            map.named(key, map.at()).mistake("is missing");
        }
    }
    return out;
}

const place* members::find(std::string_view key) const {
    const auto found = given_.find(key);
    return found == given_.end() ? nullptr : &found->second;
}

bool members::sound(std::string_view key) const {
    return std::find(spoilt_.begin(), spoilt_.end(), key) == spoilt_.end();
}

void members::mistake(std::string_view key, std::string message) const {
    const place* value = find(key);
    (value ? *value : whole_.named(key, whole_.at())).mistake(std::move(message));
}

} // namespace seedhook::config
