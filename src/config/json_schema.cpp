// Walks the tables and writes a JSON Schema.
#include "seedhook/config/reference.hpp"

#include "config/sections.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace seedhook::config {
namespace {

namespace json = boost::json;

constexpr std::string_view variable =
    R"(\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^}]*|credential:[A-Za-z0-9_-][A-Za-z0-9._-]*)\})";

// Without the marks that Markdown puts around code.
json::string plain(std::string_view text) {
    json::string out;
    std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '`'; });
    return out;
}

json::object any_of(json::array alternatives) {
    if (alternatives.size() == 1) {
        return std::move(alternatives.front().as_object());
    }
    return {{"anyOf", std::move(alternatives)}};
}

json::object matching_text(const text_shape& text) {
    json::array types{"string"};
    if (text.number) {
        types.push_back("number");
    }
    if (text.boolean) {
        types.push_back("boolean");
    }
    json::object out;
    out["type"] = types.size() == 1 ? types.front() : json::value(types);
    if (!text.pattern.empty()) {
        out["pattern"] = text.pattern + "|" + std::string(variable);
    }
    return out;
}

json::object single(const shape& s) {
    json::array alternatives;
    if (!s.words.empty()) {
        alternatives.push_back(json::object{{"enum", json::array(s.words.begin(), s.words.end())}});
    }
    if (s.boolean) {
        alternatives.push_back(json::object{{"type", "boolean"}});
    }
    if (s.number) {
        alternatives.push_back(
            json::object{{"type", "integer"}, {"minimum", s.number->least}, {"maximum", s.number->most}});
    }
    if (s.null) {
        alternatives.push_back(json::object{{"type", "null"}});
    }
    alternatives.push_back(s.text ? matching_text(*s.text) : json::object{{"type", "string"}, {"pattern", variable}});
    return any_of(std::move(alternatives));
}

json::object section_of(const std::vector<key_shape>& keys);

// One for each type; where a variable says the type, nothing more can be said.
json::object of_types(const shape& s) {
    json::array alternatives;
    for (const auto& [name, keys] : s.types) {
        json::object one = section_of(keys);
        json::value& type = one.at("properties").as_object().at("type");
        type = {{"const", name}, {"description", type.at("description")}};
        alternatives.push_back(std::move(one));
    }
    alternatives.push_back(json::object{{"type", "object"},
                                        {"properties", {{"type", {{"type", "string"}, {"pattern", variable}}}}},
                                        {"required", {"type"}}});
    return {{"oneOf", std::move(alternatives)}};
}

json::object element_of(const shape& s) {
    if (!s.types.empty()) {
        return of_types(s);
    }
    return s.keys.empty() ? single(s) : section_of(s.keys);
}

json::object value_of(const shape& s) {
    json::object element = element_of(s);
    if (s.is_map) {
        return {{"type", "object"}, {"additionalProperties", std::move(element)}};
    }
    if (s.is_list) {
        json::object list{{"type", "array"}, {"items", element}};
        if (s.fewest > 0) {
            list["minItems"] = s.fewest;
        }
        return s.one_without_brackets ? any_of({std::move(element), std::move(list)}) : list;
    }
    if (!s.keys.empty() && s.null) { // its keys may all be commented out
        element["type"] = {"object", "null"};
    }
    return element;
}

json::value single_default(const shape& s, std::string_view text) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (s.null && text == "null") {
        return nullptr;
    }
    if (s.boolean) {
        return text == "true";
    }
    if (s.number && digits && (text.size() == 1 || text.front() != '0')) {
        return std::stoull(std::string(text));
    }
    return json::string(text);
}

json::value default_of(const shape& s, std::string_view text) {
    if (s.is_map) {
        return json::object();
    }
    if (!s.is_list) {
        return single_default(s, text);
    }
    json::array out;
    text = text.substr(1, text.size() - 2); // without its brackets
    while (!text.empty()) {
        constexpr std::string_view separator = ", ";
        const std::size_t end = std::min(text.find(separator), text.size());
        out.push_back(single_default(s, text.substr(0, end)));
        text.remove_prefix(std::min(end + separator.size(), text.size()));
    }
    return out;
}

// What the value is for, and what it may be where the schema does not say that in words.
json::string description_of(const key_shape& k) {
    const bool says_itself = !k.value.keys.empty() || !k.value.words.empty() || k.value.boolean;
    return plain(says_itself ? k.about : k.about + " (" + takes_text(k) + ")");
}

bool has_default(const key_shape& k) {
    const bool empty_list_is_wrong = k.value.is_list && k.value.fewest > 0 && k.fallback == "[]";
    return !k.fallback.empty() && k.value.keys.empty() && !empty_list_is_wrong;
}

json::object section_of(const std::vector<key_shape>& keys) {
    json::object properties;
    json::array required;
    for (const key_shape& k : keys) {
        json::object property = value_of(k.value);
        property["description"] = description_of(k);
        if (has_default(k)) {
            property["default"] = default_of(k.value, k.fallback);
        }
        properties[k.key] = std::move(property);
        if (k.required) {
            required.push_back(json::string(k.key));
        }
    }
    json::object out{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) {
        out["required"] = std::move(required);
    }
    out["additionalProperties"] = false;
    return out;
}

void write_value(const json::value& v, const std::string& indentation, std::string& out);

template <class Items, class Write>
void write_all(const Items& items, const std::string& indentation, std::string& out, Write write_one) {
    const std::string inner = indentation + "  ";
    for (auto item = items.begin(); item != items.end(); ++item) {
        out += (item == items.begin() ? "\n" : ",\n") + inner;
        write_one(*item, inner);
    }
    out += items.empty() ? "" : "\n" + indentation;
}

void write_value(const json::value& v, const std::string& indentation, std::string& out) {
    if (const json::object* members = v.if_object()) {
        out += '{';
        write_all(*members, indentation, out, [&out](const json::key_value_pair& member, const std::string& inner) {
            out += json::serialize(member.key()) + ": ";
            write_value(member.value(), inner, out);
        });
        out += '}';
    } else if (const json::array* items = v.if_array()) {
        out += '[';
        write_all(*items, indentation, out,
                  [&out](const json::value& item, const std::string& inner) { write_value(item, inner, out); });
        out += ']';
    } else {
        out += json::serialize(v);
    }
}

} // namespace

std::string json_schema() {
    json::object whole{{"$schema", "http://json-schema.org/draft-07/schema#"},
                       {"title", "seedhook's configuration"},
                       {"description", "seedhook.yaml; `seedhook check` also holds what no schema can say."}};
    for (auto& member : section_of(settings_table().describe())) {
        whole.insert(member);
    }
    std::string out;
    write_value(whole, "", out);
    return out + "\n";
}

} // namespace seedhook::config
