// From the configuration to the lanes of work: a poll handler for each source, the fetch handler with its client, a
// delivery handler for each sink, and the routes between them. What a reload replaces.
#pragma once

#include "daemon/outbound.hpp"
#include "daemon/source_apis.hpp"

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/sinks/sink.hpp"
#include "seedhook/work/worker.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace seedhook {

struct lane_context {
    asio::any_io_executor executor;
    store& tasks;
    spool& videos;
    blocking_pool& disk;
    blocking_pool& looks; // at files in the spool: short ones
    metrics& counts;
    planner& plans;
    const askers& upstream;           // copied from
    const outbound_clients& outgoing; // used while building
    std::function<bool()> fetching_waits;
};

struct work_plan {
    std::vector<lane> lanes;
    std::shared_ptr<const routing> routes;
    std::vector<std::shared_ptr<sink>> destinations;
    std::set<std::string> sinks;         // their names
    std::map<std::string, bool> sources; // by name: have they an API?
};

// Builds all of it or says what cannot be. What `with` refers to must outlive the lanes.
result<work_plan> plan_work(const config::settings& settings, const lane_context& with);

} // namespace seedhook
