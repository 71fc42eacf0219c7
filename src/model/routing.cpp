// Which sinks want a task, and the jobs that follow from it.
#include "seedhook/model/routing.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace seedhook {
namespace {

namespace json = boost::json;

bool chosen(const std::vector<std::string>& wanted, const std::string& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// A metadata value as `match:` compares it: a string's text, anything else as JSON writes it.
std::string text_of(const json::value& v) { return v.is_string() ? std::string(v.get_string()) : json::serialize(v); }

bool metadata_matches(const std::map<std::string, std::string>& wanted, const std::string& metadata) {
    if (wanted.empty()) {
        return true;
    }
    json::error_code failure;
    const json::value parsed = json::parse(metadata, failure);
    if (failure || !parsed.is_object()) {
        return false;
    }
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
        const json::value* found = parsed.get_object().if_contains(entry.first);
        return found && text_of(*found) == entry.second;
    });
}

std::vector<job_key> deliveries(const task& t, const routing& routes) {
    std::vector<job_key> jobs;
    for (std::string& sink : routes.sinks_for(t)) {
        jobs.emplace_back(t.id, job_kind::deliver, std::move(sink));
    }
    return jobs;
}

} // namespace

std::vector<std::string> routing::sinks_for(const task& t) const {
    std::vector<std::string> sinks;
    for (const route& r : routes_) {
        const bool wanted = std::find(r.on.begin(), r.on.end(), t.status) != r.on.end();
        if (wanted && chosen(r.sources, t.source) && chosen(r.models, t.model) &&
            metadata_matches(r.metadata, t.metadata)) {
            sinks.push_back(r.sink);
        }
    }
    return sinks;
}

std::vector<job_key> jobs_on_settle(const task& t, const routing& routes) {
    std::vector<job_key> jobs = deliveries(t, routes);
    if (t.status == task_status::succeeded && !jobs.empty()) {
        jobs.assign(1, job_key(t.id, job_kind::fetch));
    }
    return jobs;
}

std::vector<job_key> jobs_on_fetched(const task& t, const routing& routes) { return deliveries(t, routes); }

} // namespace seedhook
