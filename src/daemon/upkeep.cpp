// Upkeep, in slices that nobody has to wait for.
#include "daemon/upkeep.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"

#include <malloc.h>

#include <algorithm>
#include <string>
#include <utility>

namespace seedhook {
namespace {

constexpr const char* memory_name = "polls";
constexpr duration retry_pause = std::chrono::seconds(5);
constexpr duration learnt_every = std::chrono::minutes(1);

constexpr duration tidy_every = std::chrono::hours(1);

constexpr duration rest_before_giving_back = std::chrono::seconds(30);

constexpr duration retention_after_start = std::chrono::minutes(1);
constexpr duration retention_at_least_every = std::chrono::hours(1);
constexpr duration retention_at_most_every = std::chrono::seconds(10);
constexpr std::uint32_t tasks_a_slice = 50;
constexpr std::uint32_t ids_a_slice = 500;
constexpr duration between_slices = std::chrono::milliseconds(20);

// So that nothing is kept for much longer than it should be.
duration between_rounds(const config::retention& kept) {
    const duration least = std::min(kept.tasks.value_or(duration::max()), kept.ids.value_or(duration::max()));
    return std::clamp(least / 4, retention_at_most_every, retention_at_least_every);
}

// Sleeps; false when told to stop. What went wrong is tried again after a while.
awaitable<bool> pause_after(bool worked) {
    const duration pause = worked ? between_slices : retention_at_least_every;
    const bool goes_on = co_await sleep_for(pause);
    co_return goes_on;
}

awaitable<bool> prune(store& tasks, const clock& time, std::optional<duration> kept) {
    std::uint64_t pruned = 0;
    std::optional<task_id> next = 0;
    bool goes_on = true;
    while (next && goes_on) {
        prune_command what;
        what.after = *next;
        what.limit = tasks_a_slice;
        what.now = time.now();
        if (kept) {
            what.settled_before = what.now - *kept;
        }
        const auto reply = co_await tasks.prune(std::move(what));
        pruned += reply ? reply->pruned : 0;
        next = reply ? reply->next : next;
        goes_on = co_await pause_after(reply.has_value());
    }
    if (pruned > 0) {
        log::info("old tasks pruned", {{"tasks", static_cast<std::int64_t>(pruned)}});
    }
    co_return goes_on;
}

awaitable<bool> forget(store& tasks, const clock& time, duration kept) {
    std::string next;
    for (;;) {
        forget_command what;
        what.after = next;
        what.limit = ids_a_slice;
        what.settled_before = time.now() - kept;
        const auto reply = co_await tasks.forget(std::move(what));
        next = reply ? reply->next : next;
        const bool goes_on = co_await pause_after(reply.has_value());
        if (!goes_on || (reply && next.empty())) {
            co_return goes_on;
        }
    }
}

awaitable<bool> save(store& tasks, std::string value) {
    remember_command what;
    what.name = memory_name;
    what.value = std::move(value);
    const auto kept = co_await tasks.remember(std::move(what));
    if (!kept) {
        log::warning("what was learnt of settle times was not kept",
                     {{"reason", std::string_view(kept.error().message)}});
    }
    co_return kept.has_value();
}

} // namespace

awaitable<> keep_what_is_learnt(store& tasks, planner& plans) {
    auto earlier = co_await tasks.remembered(memory_name);
    for (bool goes_on = true; !earlier && goes_on;) { // else the first that is learnt would take the place of all
        goes_on = co_await sleep_for(retry_pause);
        earlier = co_await tasks.remembered(memory_name);
    }
    if (!earlier) {
        co_return;
    }
    if (earlier && !earlier->empty() && !plans.restore(*earlier)) {
        log::warning("what an earlier version had learnt of settle times is of no use to this one");
    }
    std::string kept = plans.save();
    for (bool goes_on = true; goes_on;) {
        goes_on = co_await sleep_for(learnt_every);
        std::string now = plans.save();
        if (now != kept) {
            const bool saved = co_await save(tasks, now);
            if (saved) {
                kept = std::move(now);
            }
        }
    }
}

awaitable<> keep_retention(store& tasks, const clock& time, std::function<config::retention()> present) {
    bool goes_on = co_await sleep_for(retention_after_start);
    while (goes_on) {
        const config::retention kept = present();
        goes_on = co_await prune(tasks, time, kept.tasks);
        if (goes_on && kept.ids) {
            goes_on = co_await forget(tasks, time, *kept.ids);
        }
        if (goes_on) {
            goes_on = co_await sleep_for(between_rounds(kept));
        }
    }
}

awaitable<> keep_sinks_tidy(std::function<std::vector<std::shared_ptr<sink>>()> present) {
    for (bool goes_on = true; goes_on;) {
        const std::vector<std::shared_ptr<sink>> sinks = present();
        for (const std::shared_ptr<sink>& s : sinks) {
            co_await s->tidy();
        }
        goes_on = co_await sleep_for(tidy_every);
    }
}

awaitable<> give_memory_back(const metrics& counts) {
    double seen = 0;
    bool owed = false;
    for (bool goes_on = true; goes_on;) {
        goes_on = co_await sleep_for(rest_before_giving_back);
        const double now = counts.total("seedhook_fetch_bytes_total") + counts.total("seedhook_deliveries_total");
        if (now != seen) {
            owed = true;
        } else if (owed) {
            ::malloc_trim(0);
            owed = false;
        }
        seen = now;
    }
}

} // namespace seedhook
