// What `seedhook submit` sends.
#pragma once

#include "cli/command.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::cli {

// Empty and absent: left out of the document.
struct submission {
    std::string prompt;
    std::string model;
    std::optional<std::uint32_t> seconds;
    std::string aspect_ratio;
    std::string resolution;
    std::vector<std::string> media_urls;
    std::vector<std::string> metadata; // KEY=VALUE
    std::string webhook_url;
};

// The document for upstream. Fails for an empty prompt and for text that is not UTF-8.
attempt<std::string> document_of(const submission& s);

// `document` with `"source"` put in front, for the control API; every other byte stays. Fails for what is no JSON
// object. An empty source: left out.
attempt<std::string> addressed(const std::string& document, const std::string& source);

} // namespace seedhook::cli
