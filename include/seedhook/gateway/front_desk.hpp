// Submitting to upstream, cancelling and asking for models, on behalf of an app (gateway) or a person (control API,
// CLI).
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/task_group.hpp"
#include "seedhook/gateway/upstream.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/message.hpp"
#include "seedhook/model/routing.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/store/store.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace seedhook {

// The largest document that is submitted.
inline constexpr std::size_t most_submission_bytes = 256 * 1024;

// What the caller is to get: upstream's own status and body, or, where none came, an error of ours in the same form
// (400 the document is none, 404 no such source, 413 too large, 502 unreachable or malformed, 503 the store cannot note
// it, 504 timed out; `{"success":false,"error":{...}}`). Where upstream repeats the API key it is blotted out.
struct upstream_answer {
    unsigned status = 502;
    std::string content_type;
    http::field_list fields; // those of upstream's that concern the caller: Retry-After, rate limits
    std::string body;
    std::string request_id; // of a submission that upstream took; it is tracked and on disk by then
};

// The one way a task is submitted: notes the submission, adds key and webhookUrl (unless the document has one), sends,
// tracks the task, and only then answers. An answer that is lost on the way back becomes an event.
//
// All calls on the thread of the client's executor; they may overlap. `source` names one that has an API. Terminal
// cancellation breaks off the wait for upstream: a submission counts as lost then.
class front_desk {
public:
    virtual ~front_desk() = default;
    // `by`: `gateway` or `submit`, for the task's history. `document`: the JSON for upstream; whatever it holds goes
    // there byte by byte.
    virtual awaitable<upstream_answer> submit(std::string source, std::string document, std::string by) = 0;
    virtual awaitable<upstream_answer> cancel(std::string source, std::string request_id) = 0;
    virtual awaitable<upstream_answer> models(std::string source) = 0;
    // How many of these calls have not returned.
    virtual std::size_t in_hand() const noexcept = 0;
};

struct front_desk_context {
    store& tasks;
    http::client& client; // see gateway_client_settings
    const clock& time;
    std::function<std::shared_ptr<const upstreams>()> sources; // the present ones
    std::function<std::shared_ptr<const routing>()> routes;    // the present ones
    // When a task submitted now is first asked about.
    std::function<time_point(const std::string& source, const std::string& model, time_point now, callbacks where)>
        ask_at;
    duration keep_trying{std::chrono::seconds(10)}; // to note a task that upstream has taken, before its answer
    task_group* later = nullptr;                    // where the noting goes on after that; none: it does not
};

// What `with` refers to outlives the result and its calls.
std::unique_ptr<front_desk> make_front_desk(front_desk_context with);

// Ends the submissions that an earlier life of the daemon left open, each with an event: their tasks may exist. To be
// awaited before anything is submitted, or what is under way would be told of too.
awaitable<result<void>> tell_lost_submissions(store& tasks, const clock& time);

} // namespace seedhook
