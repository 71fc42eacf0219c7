// The API of each source that has one: who asks it, within which budget, and what a person should know of it.
#pragma once

#include "daemon/outbound.hpp"

#include "seedhook/config/config.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/poll/asker.hpp"
#include "seedhook/poll/planner.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace seedhook {

using askers = std::map<std::string, std::shared_ptr<asker>, std::less<>>; // by source

// On one thread.
class source_apis {
public:
    source_apis(asio::any_io_executor executor, metrics& counts) : executor_(std::move(executor)), counts_(counts) {}

    // Builds them or says what cannot be; nothing changes for those in use, with which they share budgets and turns.
    result<askers> plan(const config::settings& settings, const outbound_clients& outgoing);

    // The plan of these settings is in use now.
    void adopted(const config::settings& settings);

    std::vector<std::string> degraded() const;

    // Lets go of all APIs and their connections. Once no asker asks any more.
    void close() { known_.clear(); }

private:
    struct known_source {
        std::shared_ptr<source_access> access;
        std::shared_ptr<seedance::api> planned; // for `adopted`
        config::api settings{};                 // of the one in use
    };

    asio::any_io_executor executor_;
    metrics& counts_;
    std::map<std::string, known_source> known_;
};

// When the tasks of each source are asked about.
asking_by_source asking_of(const config::settings& settings);

} // namespace seedhook
