// The Open API's client: submit, status, cancel and models, with every documented failure told apart.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/seedance/callback.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::seedance {

// Where a source's API is, and its key. The key goes into requests made here and nowhere else.
class api_address {
public:
    // `base_url` may have a path of its own, and slashes at its end. See `check`.
    api_address(std::string_view base_url, config::secret key);

    // errc::invalid or refused, saying why, unless the base URL is an http(s) URL without query and fragment, and the
    // key one or more visible ASCII characters. Requests of an address that fails this never leave the client.
    result<void> check() const;

    // A request to `path`, which begins with `/` and may hold a query, below the base URL's own path; with
    // Authorization. Nothing in `path` leads to another host.
    http::client_request request(std::string method, std::string_view path) const;

    // `text`, which upstream wrote, with `[key]` for the key wherever it stands; also at the end, where it may be cut
    // short to eight characters or more.
    std::string without_key(std::string_view text) const;
    // The same made fit for logs and people: on one line and at most `most` bytes long.
    std::string shown(std::string_view text, std::size_t most) const;

private:
    result<void> fault_;
    std::string base_; // without a slash at its end; empty when there is a fault
    config::secret key_;
};

struct api_failure {
    enum class kind {
        invalid_request,      // 400, and any 4xx that is not below; a requestId that is none, which is not sent
        unauthorized,         // 401, 403
        insufficient_credits, // 402
        not_found,            // 404, 410, and the answer is JSON: a proxy's own page says nothing about a task
        rate_limited,         // 429
        upstream,             // 5xx; a redirect; 407, 408, 421, 425; `"success":false` under a 2xx with no known code
        unreachable,          // no whole answer: refused, network, TLS, time-outs, cut off
        malformed,            // an answer that is not what the API documents: not JSON, of the wrong type, too large
        cancelled,            // we were told to stop
    };
    kind what = kind::unreachable;
    unsigned status = 0;                 // HTTP's; 0: none came, or none is known
    std::string code;                    // upstream's, printable, at most 64 bytes; empty: none
    std::string message;                 // for a person: printable, one line, at most 1 KiB; never holds the key
    std::optional<duration> retry_after; // Retry-After of any failure, from 0 to 24 h
    // Of `submit`: upstream may have made a task, though we do not know its requestId; submitting again may make a
    // second one. The message says so, too.
    bool task_may_exist = false;
};

std::string_view to_string(api_failure::kind what) noexcept;

template <class T>
using api_result = boost::system::result<T, api_failure>;

// As for `error`: a bug.
[[noreturn]] void throw_exception_from_error(const api_failure& f, const boost::source_location& where);

// The `body` of these is upstream's own bytes, whatever stands in them.
struct submitted {
    std::string request_id;
    task_status status = task_status::queued; // queued unless upstream named another one that we know
    std::string body;
};

struct api_report {
    task_report report; // without the key, should upstream repeat it
    std::string body;   // likewise; empty where it is over 64 KiB: it is kept with the task
};

// All calls on the thread of the client's executor; they may overlap. Each is one request: nothing is tried again here
// but what the client itself repeats (never a submission that may have arrived).
//
// Answers over 1 MiB are malformed, and so is JSON that read_callback would refuse for its form. Terminal cancellation
// ends a call at once with kind::cancelled, which is returned, never thrown; total cancellation lets it finish.
class api {
public:
    virtual ~api() = default;

    // `body` is the JSON document for upstream. An answer without a valid requestId is malformed.
    virtual awaitable<api_result<submitted>> submit(std::string body) = 0;

    // A status that we do not know is no failure: report.status is empty then. An answer about another task is
    // malformed.
    virtual awaitable<api_result<api_report>> status(std::string request_id) = 0;

    // What a cancellation answers is not documented: a 2xx is a success if it is empty or a JSON object that neither
    // says `"success":false` nor names another task. report.status is empty unless the answer tells it.
    virtual awaitable<api_result<api_report>> cancel(std::string request_id) = 0;

    // Upstream's own JSON, an object.
    virtual awaitable<api_result<std::string>> models() = 0;
};

// What the client for `make_api` must have: no redirects (the key goes to the base URL alone), any address and http
// (an operator named the base URL), 30 s for a whole call. The proxy is the caller's to add.
http::client_settings api_client_settings();

// `client` (see api_client_settings; several may share one) and `time` outlive the result and its calls.
std::unique_ptr<api> make_api(http::client& client, api_address address, const clock& time = system_clock());

} // namespace seedhook::seedance
