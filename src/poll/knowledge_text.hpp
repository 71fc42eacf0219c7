// What is known, as text for the store: JSON with whole numbers only, so that reading it back gives the same.
#pragma once

#include "poll/knowledge.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::poll {

using knowledge_by_source = std::map<std::string, knowledge, std::less<>>;

std::string to_text(const knowledge_by_source& known);

// Nothing for what `to_text` of this version cannot have written.
std::optional<knowledge_by_source> from_text(std::string_view text);

} // namespace seedhook::poll
