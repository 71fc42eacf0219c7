// Claims due jobs and runs their handlers, each lane within its own concurrency. A lane is one kind of job and, for
// deliveries, one sink: so that one sink's trouble never touches another's.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/model/routing.hpp"
#include "seedhook/store/store.hpp"
#include "seedhook/work/retry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace seedhook {

// One kind of work. Runs on the worker's thread.
class handler {
public:
    virtual ~handler() = default;
    // One attempt. Must be safe to repeat: after a crash the same job runs again. Cancellation ends it early with
    // `interrupted`. `work` lives until it returns.
    virtual awaitable<outcome> run(const claimed_job& work) = 0;
};

struct lane {
    job_kind kind = job_kind::fetch;
    std::string sink; // for deliveries
    std::shared_ptr<handler> runs;
    std::uint32_t concurrency = 1;
    retry_policy retry;
    // True while none of its jobs is to be begun; `wake` says when that changes. On the worker's thread, and never
    // blocks.
    std::function<bool()> waits{};
};

struct worker_settings {
    std::string owner = "local";              // this node's name in leases
    duration lease{std::chrono::seconds(60)}; // renewed at a third of it while the handler runs
};

// An attempt that has ended, for as long as the call that tells of it.
struct attempt_report {
    const claimed_job& claimed;
    const outcome& came_to;
    const next_step& step;
    task_stage stage; // of the task, now
    std::chrono::steady_clock::duration took;
};

struct work_observer {
    // After each attempt was recorded.
    std::function<void(const attempt_report&)> finished;
};

// All members are called on the thread of `executor`, but `wake`.
class worker {
public:
    virtual ~worker() = default;

    // Frees the leases of this node's earlier life, then claims and runs until cancelled; on cancellation it stops
    // claiming and returns. Jobs in hand go on: see `drain`.
    virtual awaitable<> run() = 0;

    // Replaces the lanes and routes; jobs in hand end under the old ones.
    virtual void set_lanes(std::vector<lane> lanes, std::shared_ptr<const routing> routes) = 0;

    // Once `run` has returned: waits until the jobs in hand have ended, up to `grace`; those that have not are
    // interrupted and released.
    virtual awaitable<> drain(duration grace) = 0;

    // Says that jobs may be due. Any thread.
    virtual void wake() noexcept = 0;
};

std::unique_ptr<worker> make_worker(asio::any_io_executor executor, store& jobs, const clock& time,
                                    worker_settings settings, work_observer observer);

} // namespace seedhook
