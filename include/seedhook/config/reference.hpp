// The reference of every key, made from the tables that parse the file: for docs/configuration.md, editors and man.
#pragma once

#include <string>
#include <string_view>

namespace seedhook::config {

// A Markdown table of all keys in the order of the tables: full path, what it takes, default, what it is for.
std::string reference_table();

// A JSON Schema (draft-07, which editors' YAML servers know best) of the configuration, as indented text. What it
// refuses the parser refuses; the parser knows more, such as what must hold between keys.
std::string json_schema();

// seedhook.yaml(5), in roff. `version` is the program's.
std::string manual_page(std::string_view version);

} // namespace seedhook::config
