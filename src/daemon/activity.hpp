// What has happened lately, for people who look: rates, and each sink's last delivery and failure. Kept in memory
// alone.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/control/control.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/work/worker.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace seedhook {

// On one thread.
class activity {
public:
    explicit activity(const metrics& counts) : counts_(counts) {}

    // Takes stock every few seconds until cancelled.
    awaitable<> watch();

    // What became of an attempt.
    void finished(const attempt_report& attempt, time_point now);

    // The sinks that are configured from now on; what is known of those that stay is kept.
    void set_sinks(const std::vector<config::sink>& configured);

    std::vector<sink_news> sinks() const;
    recent_rates rates() const;

private:
    static constexpr std::size_t kinds = 4; // in the order of `recent_rates`
    using stock = std::array<std::uint64_t, kinds>;
    stock take_stock() const;

    const metrics& counts_;
    std::uint64_t delivered_ = 0;
    stock last_{};
    std::deque<stock> spans_; // what each span added, the newest last
    std::vector<std::string> order_;
    std::map<std::string, sink_news> sinks_;
};

} // namespace seedhook
