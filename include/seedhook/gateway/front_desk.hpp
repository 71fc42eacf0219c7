// Submitting to upstream, cancelling and asking for models, on behalf of an app (gateway) or a person (control API,
// CLI).
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/message.hpp"

#include <string>

namespace seedhook {

// What the caller is to get: upstream's own status and body, or, where none came, an error of ours in the same form
// (502 unreachable or malformed, 503 the store cannot note it, 504 timed out; `{"success":false,"error":{...}}`).
struct upstream_answer {
    unsigned status = 502;
    std::string content_type;
    http::field_list fields; // those of upstream's that concern the caller: Retry-After, rate limits
    std::string body;
    std::string request_id; // of a submission that upstream took; it is tracked and on disk by then
};

// The one way a task is submitted: notes the submission, adds key and webhookUrl (unless the document has one), sends,
// tracks the task, and only then answers. An answer that is lost on the way back becomes an event.
class front_desk {
public:
    virtual ~front_desk() = default;
    // `by`: `gateway` or `submit`, for the task's history. `document`: the JSON for upstream.
    virtual awaitable<upstream_answer> submit(std::string source, std::string document, std::string by) = 0;
    virtual awaitable<upstream_answer> cancel(std::string source, std::string request_id) = 0;
    virtual awaitable<upstream_answer> models(std::string source) = 0;
};

} // namespace seedhook
