// The YAML document as a bounded tree that keeps every key, also repeated ones, and where everything stands.
#pragma once

#include "seedhook/config/load.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace seedhook::config {

struct node {
    enum class kind { null, scalar, list, map };
    kind what = kind::null;
    int line = 0;   // from 1; a null that is a key's value stands where its key does
    int column = 0; // from 1
    std::string text;
    std::vector<node> items; // of a list; of a map: key, value, key, value, …
};

// Aliases are copied in. A syntax error, a second document, and whatever goes past the bounds on size, nesting and
// number of nodes is the one mistake that is returned. Its message holds nothing of the document's text.
std::variant<node, mistake> parse_document(std::string_view text, const std::string& file);

} // namespace seedhook::config
