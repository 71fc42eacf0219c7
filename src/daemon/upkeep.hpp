// What is done now and then beside the work: keeping what was learnt, pruning, forgetting.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/poll/planner.hpp"
#include "seedhook/store/store.hpp"

#include <functional>

namespace seedhook {

// Takes up what an earlier life had learnt, then keeps what is learnt, every minute. On cancellation it keeps it once
// more and returns.
awaitable<> keep_what_is_learnt(store& tasks, planner& plans);

// Prunes and forgets as `present()` says at the time, a slice after the other with pauses between them, until
// cancelled.
awaitable<> keep_retention(store& tasks, const clock& time, std::function<config::retention()> present);

} // namespace seedhook
