// The document of a submission: read for what we keep, and otherwise left as the app wrote it. No I/O.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"

#include <string>
#include <string_view>

namespace seedhook::gateway {

struct submission_document {
    std::string body;                        // for upstream
    std::string model;                       // as sent, at most 128 bytes; empty: none
    std::string metadata = "{}";             // as sent, if it is an object of at most 16 KiB
    callbacks called_back = callbacks::here; // elsewhere: the app named another webhookUrl than ours
    std::string what;                        // for a person: the model and how the prompt begins
};

// Puts `webhookUrl` in front of the other members unless there is one; one that is null is replaced. Empty
// `callback_url`: neither. No other byte changes, so that numbers and fields we do not know arrive as they were sent.
// errc::invalid, saying what is wrong, for what is not one JSON object in valid UTF-8, nests past 32 or repeats a key.
result<submission_document> read_submission(std::string_view document, std::string_view callback_url);

} // namespace seedhook::gateway
