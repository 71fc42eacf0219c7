// Building the clients of the sources' APIs.
#include "daemon/source_apis.hpp"

#include <utility>

namespace seedhook {
namespace {

// An API and the client it uses go together.
struct api_stack {
    std::shared_ptr<http::client> client;
    std::unique_ptr<seedance::api> api;
};

} // namespace

std::shared_ptr<source_gate> source_apis::gate_of(const std::string& source, std::uint32_t requests_per_minute) {
    std::shared_ptr<source_gate>& gate = gates_[source];
    if (!gate) {
        gate = std::make_shared<source_gate>(requests_per_minute, std::chrono::steady_clock::now());
    }
    return gate;
}

result<askers> source_apis::plan(const config::settings& settings, const outbound_clients& outgoing) {
    const std::shared_ptr<http::client> client = outgoing.client(executor_, seedance::api_client_settings());
    askers by_source;
    for (const config::source& s : settings.sources) {
        if (!s.api) {
            continue;
        }
        seedance::api_address address(s.api->base_url, s.api->key);
        if (auto sound = address.check(); !sound) {
            return within("source " + s.name, sound.error());
        }
        auto stack = std::make_shared<api_stack>();
        stack->client = client;
        stack->api = seedance::make_api(*stack->client, std::move(address));
        seedance::api* api = stack->api.get();
        by_source[s.name] = make_asker(s.name, std::shared_ptr<seedance::api>(std::move(stack), api),
                                       gate_of(s.name, settings.poll.requests_per_minute), counts_);
    }
    return by_source;
}

void source_apis::adopted(const config::settings& settings) {
    std::map<std::string, std::shared_ptr<source_gate>> kept;
    for (const config::source& s : settings.sources) {
        if (const auto gate = gates_.find(s.name); s.api && gate != gates_.end()) {
            gate->second->reset(settings.poll.requests_per_minute, std::chrono::steady_clock::now());
            kept.insert(*gate);
        }
    }
    gates_ = std::move(kept);
}

std::vector<std::string> source_apis::degraded() const {
    std::vector<std::string> reasons;
    for (const auto& [source, gate] : gates_) {
        if (const auto why = gate->degraded()) {
            reasons.push_back("source " + source + ": " + *why);
        }
    }
    return reasons;
}

asking_by_source asking_of(const config::settings& settings) {
    asking_by_source sources;
    for (const config::source& s : settings.sources) {
        asking& one = sources[s.name];
        one.first_after = settings.poll.first_after;
        one.max_interval = settings.poll.max_interval;
    }
    return sources;
}

} // namespace seedhook
