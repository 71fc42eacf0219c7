// What the service answers: its error documents, and what they come to for a delivery.
#pragma once

#include "seedhook/http/client.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/model/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::s3 {

struct failure {
    unsigned status = 0;
    std::string code;     // `NoSuchBucket`; what stands for the status where the answer has none
    std::string message;  // as the service worded it, made fit to show
    std::string region;   // where the bucket is, when that was the trouble
    std::string endpoint; // likewise
    std::optional<duration> retry_after;
};

// Nothing when the answer is a success. An error document under a 200 is a failure, too: services begin to answer
// before they know.
std::optional<failure> failure_in(const http::client_response& answer, time_point now);

// The text of the first element of that name, whatever its namespace; empty when there is none or the document is broken.
std::string element(std::string_view document, std::string_view name);

// The multipart uploads to exactly one key, in an answer to ListMultipartUploads.
struct upload_list {
    std::vector<std::string> ids;
    bool more = false; // there are others, of this or another key
};

// Nothing when the document is no such answer.
std::optional<upload_list> uploads_to(std::string_view key, std::string_view document);

// What the failure of `operation` (`PutObject`) comes to: again for what passes (load, the network, a race), rejected
// for an object that no service would take, blocked for all else: a person must mend the settings, the bucket or its
// permissions.
outcome outcome_of(const failure& why, std::string_view operation, std::string_view bucket);

// The same for an exchange that had no answer.
outcome outcome_of(const error& fault, std::string_view operation, std::string_view bucket);

} // namespace seedhook::s3
