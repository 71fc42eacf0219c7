// Removing on the disk's threads what the store says is done.
#include "daemon/spool_upkeep.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

constexpr duration first_removal_pause = std::chrono::seconds(10);
constexpr duration longest_removal_pause = std::chrono::minutes(10);

} // namespace

awaitable<> sweep_spool(store& tasks, spool& videos, blocking_pool& disk) {
    const result<std::vector<task_name>> kept = co_await tasks.tasks_with_files();
    if (!kept) {
        log::warning("the spool was not swept", {{"reason", std::string_view(kept.error().message)}});
        co_return;
    }
    std::vector<std::string> in_use;
    for (const task_name& name : *kept) {
        task t;
        t.source = name.source;
        t.request_id = name.request_id;
        in_use.push_back(spool_name(t));
    }
    auto sweep = [&videos, in_use = std::move(in_use)] { return videos.sweep(in_use); };
    const result<std::size_t> swept = co_await disk.run(std::move(sweep));
    if (!swept) {
        log::warning("the spool was not swept", {{"reason", std::string_view(swept.error().message)}});
    }
}

awaitable<> forget_video(store& tasks, spool& videos, blocking_pool& disk, task of) {
    duration pause = first_removal_pause;
    for (bool goes_on = true; goes_on;) {
        const auto found = co_await tasks.find(of.source, of.request_id);
        if (found && (found->size() != 1 || found->front().of.stage != task_stage::done)) {
            co_return;
        }
        auto remove = [&videos, name = spool_name(of)] { return videos.remove(name); };
        result<void> removed = found ? result<void>() : result<void>(found.error());
        if (found) {
            removed = co_await disk.run(std::move(remove));
        }
        if (removed) {
            co_return;
        }
        if (pause == first_removal_pause) {
            log::warning("a delivered video stays in the spool for now",
                         {{"source", of.source},
                          {"request_id", of.request_id},
                          {"reason", std::string_view(removed.error().message)}});
        }
        goes_on = co_await sleep_for(pause);
        pause = std::min(2 * pause, longest_removal_pause);
    }
}

} // namespace seedhook
