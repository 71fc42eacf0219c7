// What is done now and then beside the work: keeping what was learnt, pruning, forgetting.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/poll/planner.hpp"
#include "seedhook/sinks/sink.hpp"
#include "seedhook/store/store.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace seedhook {

// Takes up what an earlier life had learnt, then keeps what is learnt, every minute. On cancellation it keeps it once
// more and returns.
awaitable<> keep_what_is_learnt(store& tasks, planner& plans);

// Prunes and forgets as `present()` says at the time, a slice after the other with pauses between them, until
// cancelled.
awaitable<> keep_retention(store& tasks, const clock& time, std::function<config::retention()> present);

// Has each of the present sinks tidied, now and then every hour, until cancelled.
awaitable<> keep_sinks_tidy(std::function<std::vector<std::shared_ptr<sink>>()> present);

// Returns freed memory to the system once no video has been fetched or delivered for a while, until cancelled.
awaitable<> give_memory_back(const metrics& counts);

} // namespace seedhook
