// The handler of poll jobs: asks the API about a task whose callback has not come, and settles what it says.
#pragma once

#include "seedhook/model/routing.hpp"
#include "seedhook/poll/asker.hpp"
#include "seedhook/poll/planner.hpp"
#include "seedhook/work/worker.hpp"

#include <memory>

namespace seedhook {

struct poll_settings {
    duration give_up_after{std::chrono::hours(24)};
    duration max_interval{std::chrono::minutes(5)};
};

struct poll_context {
    std::shared_ptr<asker> upstream; // of the source whose lane it is
    planner& plans;
    store& tasks;
    metrics& counts;
    const clock& time;
    std::shared_ptr<const routing> routes;
};

// Outcomes: done when a terminal status was settled; `not_yet` otherwise, with the planner's next time. After
// `give_up_after` of waiting, of which at least the last answer says that it is not finished, the task is settled as
// expired; so it is when upstream does not know it three times, a minute apart. Faults of the API are never the task's:
// they only put its poll off; but a task that the API fails to answer for twice `give_up_after`, while it answers about
// others, expires too.
std::shared_ptr<handler> make_poll_handler(poll_settings settings, poll_context with);

// A poll job's `waited` after an answer at `now`: grows by the time since the last one, of which no more counts than
// some intervals, so that a clock that jumps expires nothing.
duration waited_after(const job& poll, time_point now, duration max_interval) noexcept;

} // namespace seedhook
