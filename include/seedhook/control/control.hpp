// The control API (SPEC §9): health, metrics, tasks and what people may do to them.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/gateway/front_desk.hpp"
#include "seedhook/http/router.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/model/routing.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/store/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook {

struct readiness {
    bool ready = false;
    std::vector<std::string> not_ready;                               // why not
    std::vector<std::string> degraded;                                // what a person should mend, although we work
    std::map<std::string, std::uint64_t, std::less<>> degraded_kinds; // how many of those are of which kind
};

// Lets requests wait until a task may have changed. All members on the control thread.
class change_feed {
public:
    virtual ~change_feed() = default;
    // Ends at the next commit that added events, or after `limit`, or when cancelled.
    virtual awaitable<> next_change(duration limit) = 0;
};

struct control_context {
    store& tasks;
    metrics& counts;
    const clock& time;
    change_feed& changes;
    front_desk& upstream;
    std::function<readiness()> ready;
    std::function<bool(const video_file&)> at_hand;                         // the spool still has it
    std::function<std::optional<std::uint64_t>(const task&)> fetched_bytes; // of a transfer that is not whole yet
    std::function<std::shared_ptr<const routing>()> routes;                 // the present ones
    std::function<void()> refresh_gauges; // before metrics are read: spool, certificates
    std::function<std::string(const task&, std::string_view sink)> delivery_id;
    std::function<std::vector<std::string>()> sources; // the names of the present ones
    // When a task that is tracked at `now` is to be polled first; `model` may be empty.
    std::function<time_point(const std::string& source, const std::string& model, time_point now)> ask_at;
};

// Adds `GET /healthz /readyz /metrics /v1/tasks /v1/tasks/{id} /v1/models` and `POST /v1/tasks /v1/submissions
// /v1/tasks/{id}/redeliver /v1/tasks/{id}/cancel`. Handlers run on the control thread. What `with` refers to must
// outlive the router.
void add_control_endpoints(http::router& into, control_context with);

} // namespace seedhook
