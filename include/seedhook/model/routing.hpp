// Which sinks want which task: the `on:` and `match:` of every sink, as a pure function.
#pragma once

#include "seedhook/model/job.hpp"

#include <map>
#include <string>
#include <vector>

namespace seedhook {

// The part of a sink's configuration that chooses tasks. An empty list or map chooses all.
struct route {
    std::string sink;
    std::vector<task_status> on{task_status::succeeded};
    std::vector<std::string> sources;
    std::vector<std::string> models;
    std::map<std::string, std::string> metadata; // every key must be there with that text
};

// Immutable once built; shared between threads.
class routing {
public:
    routing() = default;
    explicit routing(std::vector<route> routes) : routes_(std::move(routes)) {}

    // The names of the sinks that want `t` in its present status, in the order of the configuration.
    std::vector<std::string> sinks_for(const task& t) const;

private:
    std::vector<route> routes_;
};

// The jobs that follow when `t` has just been settled: one fetch if a sink wants its video, else a delivery to each
// sink that wants to know, else none.
std::vector<job_key> jobs_on_settle(const task& t, const routing& routes);

// The jobs that follow when the video of `t` has just been fetched: a delivery to each sink that wants it.
std::vector<job_key> jobs_on_fetched(const task& t, const routing& routes);

} // namespace seedhook
