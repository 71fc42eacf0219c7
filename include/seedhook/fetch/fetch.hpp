// The handler of fetch jobs: brings a finished task's video into the spool, whole, with its SHA-256.
#pragma once

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/work/worker.hpp"

#include <functional>
#include <memory>

namespace seedhook {

struct fetch_context {
    http::client& client; // with the fetch policy: https, hosts, addresses, redirects, time-outs
    spool& videos;
    blocking_pool& disk;
    metrics& counts;
    // Asks upstream for the present URL of a task's video. Empty: nobody can be asked.
    std::function<awaitable<result<std::string>>(const task&)> fresh_url{};
};

// Without a URL, and after 403, 404 and 410 but a first 404, upstream is asked for a fresh one, which is used at once.
// An interrupted transfer leaves its part in the spool and resumes with Range and If-Range, also after a restart.
// Outcomes: done with the video; again for network faults, 5xx, 429, 404 just after the callback, and for what is no
// whole video (a page, nothing, a file whose boxes do not add up); blocked when the spool or its disk has no room;
// rejected for a URL that policy refuses, and for a body over the limit.
std::shared_ptr<handler> make_fetch_handler(config::fetch settings, fetch_context with);

} // namespace seedhook
