// The callback endpoint of each source: prove, read, settle, and answer once it is on disk (SPEC §2).
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/router.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/model/routing.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/receive/failed_signatures.hpp"
#include "seedhook/store/store.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace seedhook {

struct receive_context {
    store& tasks;
    metrics& counts;
    const clock& time;
    std::shared_ptr<const routing> routes;
    std::uint64_t body_limit = 64 * 1024;
    // When to ask first about a task that is not finished. Any thread. Empty: at once.
    std::function<time_point(std::string_view source, std::string_view model, time_point now)> first_ask{};
    // Null: no limit on wrong signatures.
    failed_signatures* failures = nullptr;
};

// Adds `POST <source.path>` for every source. The endpoints copy what they need of `sources`; what `with` refers to
// must outlive the router. Safe to call from several threads at once.
void add_callback_endpoints(http::router& into, const std::vector<config::source>& sources, receive_context with);

} // namespace seedhook
