// What a callback's body says: the Open API's webhook document, read strictly.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::seedance {

struct task_report {
    std::string request_id;
    std::optional<task_status> status; // none: a status that we do not know, hence not terminal
    std::string status_text;           // as sent
    std::string video_url;             // empty when absent, or not an http(s) URL
    std::optional<task_failure> failure;
    std::string model; // as sent, cut at 128 bytes; empty when absent. Callbacks are not documented to tell it
};

// errc::invalid, saying what is wrong, for what is not one JSON object in valid UTF-8, nests past 32, repeats a key,
// or lacks a `requestId` or `status` of the right type and form. `error` may be null, a string or an object; unknown
// fields and `success` are not read.
result<task_report> read_callback(std::string_view body);

} // namespace seedhook::seedance
