// What the spool need not hold any more.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/store/store.hpp"

namespace seedhook {

// All that these refer to must outlive them.

// Removes what a crash left behind: files of tasks that are done.
awaitable<> sweep_spool(store& tasks, spool& videos, blocking_pool& disk);

// Removes the video of a task that is done, unless somebody has asked for it again meanwhile. What cannot be removed
// now is tried again until cancelled: it takes room that other videos need.
awaitable<> forget_video(store& tasks, spool& videos, blocking_pool& disk, task of);

} // namespace seedhook
