// What an app asks the API for: POST /api/open/v1/video/generations.
#pragma once

#include "seedhook/model/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace seedhook::sandbox {

struct submission {
    std::string model;
    std::string prompt;
    std::string aspect_ratio = "16:9";
    std::string resolution = "720p";
    unsigned duration = 5; // seconds
    std::string webhook_url;
    std::string metadata = "{}"; // a JSON object, as it came
};

// errc::invalid, with a sentence for the caller, when the API would answer 400.
result<submission> parse_submission(std::string_view body);

// What the task costs: 40 for five seconds of 720p.
std::uint64_t credits_for(const submission& s) noexcept;

// The body of GET /api/open/v1/models.
std::string models_document();

} // namespace seedhook::sandbox
