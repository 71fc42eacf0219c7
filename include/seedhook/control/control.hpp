// The control API (SPEC §9): health, metrics, tasks and what people may do to them.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/gateway/front_desk.hpp"
#include "seedhook/http/router.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/model/routing.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
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
    // Grows with every commit that added events.
    virtual std::uint64_t version() const noexcept = 0;
    // Ends once `version()` is no longer `seen`; or after `limit`, when cancelled, and when the feed is closed.
    virtual awaitable<> next_change(std::uint64_t seen, duration limit) = 0;
    // What waiting is measured by: no jump of the wall clock prolongs it.
    virtual std::chrono::steady_clock::time_point now() const noexcept = 0;
    // The daemon is stopping: whoever waits is to end.
    virtual bool closed() const noexcept = 0;
};

// Where a task's video may lie.
struct video_place {
    std::filesystem::path file;
    std::optional<time_point> written_by; // a file that was written later is no longer the video
};

// What came of a sink's deliveries since the daemon started.
struct sink_news {
    struct last {
        time_point at{};
        std::string source;
        std::string request_id;
        std::string note; // where it went, or why it did not
    };
    std::string name;
    std::string type;
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0; // attempts
    std::optional<last> last_delivered;
    std::optional<last> last_failed;
};

// How much happened in each of the last spans of time, oldest first; all lists have the same length.
struct recent_rates {
    duration span{};
    std::vector<std::uint64_t> callbacks;
    std::vector<std::uint64_t> settled;
    std::vector<std::uint64_t> delivered;
    std::vector<std::uint64_t> fetched_bytes;
};

struct control_context {
    store& tasks;
    metrics& counts;
    const clock& time;
    change_feed& changes;
    front_desk& upstream;
    blocking_pool& disk; // where videos are read
    std::function<readiness()> ready{};
    std::function<awaitable<bool>(const video_file&)> at_hand{}; // the spool still has it
    std::function<awaitable<std::optional<std::uint64_t>>(const task&)>
        fetched_bytes{};                                      // of a transfer that is not whole yet
    std::function<std::shared_ptr<const routing>()> routes{}; // the present ones
    std::function<void()> refresh_gauges{};                   // before metrics are read: spool, certificates
    std::function<std::string(const task&, std::string_view sink)> delivery_id{};
    std::function<std::vector<std::string>()> sources{}; // the names of the present ones
    // When a task that is tracked at `now` is to be polled first; `model` may be empty.
    std::function<time_point(const std::string& source, const std::string& model, time_point now)> ask_at{};
    std::function<std::shared_ptr<const config::control>()> access{};           // who may use the API, at present
    std::function<std::vector<video_place>(const task_detail&)> video_places{}; // the likeliest first
    std::function<std::vector<sink_news>()> sinks{};                            // in the configuration's order
    std::function<recent_rates()> rates{};
    std::string version{};
};

// Adds `GET / /healthz /readyz /metrics /v1/summary /v1/events /v1/tasks /v1/tasks/{id} /v1/tasks/{id}/video
// /v1/models` and `POST /v1/tasks /v1/submissions /v1/tasks/{id}/redeliver /v1/tasks/{id}/cancel`, and the guard that
// keeps others out. Handlers run on the control thread. What `with` refers to must outlive the router.
void add_control_endpoints(http::router& into, control_context with);

} // namespace seedhook
