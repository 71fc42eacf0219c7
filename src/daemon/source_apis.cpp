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
        known_source& known = known_[s.name];
        known.planned = std::shared_ptr<seedance::api>(std::move(stack), api);
        if (!known.access) {
            const source_gate gate(settings.poll.requests_per_minute, std::chrono::steady_clock::now());
            known.access = std::make_shared<source_access>(gate, known.planned);
        }
        by_source[s.name] = make_asker(s.name, known.access, counts_);
    }
    return by_source;
}

void source_apis::adopted(const config::settings& settings) {
    std::map<std::string, known_source> kept;
    for (const config::source& s : settings.sources) {
        if (const auto found = known_.find(s.name); s.api && found != known_.end()) {
            known_source& known = found->second;
            const bool same = known.settings.base_url == s.api->base_url && known.settings.key == s.api->key;
            known.access->gate.reset(settings.poll.requests_per_minute, std::chrono::steady_clock::now(), same);
            known.access->api = std::move(known.planned);
            known.access->changes += same ? 0 : 1;
            known.settings = *s.api;
            kept.insert(std::move(*found));
        }
    }
    known_ = std::move(kept);
}

std::vector<std::string> source_apis::degraded() const {
    std::vector<std::string> reasons;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [source, known] : known_) {
        if (const auto why = known.access->gate.degraded(now)) {
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
