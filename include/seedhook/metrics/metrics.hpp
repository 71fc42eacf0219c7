// What seedhook counts (SPEC §9), as verbs. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook {

// The names that are labels.
struct label_names {
    std::vector<std::string> sources;
    std::vector<std::string> asked; // the sources with an API
    std::vector<std::string> sinks;
};

class metrics {
public:
    virtual ~metrics() = default;

    // Says which names are configured. All their counters stand at 0 from then on, not from their first event; those of
    // other names are shown no more, until the name comes back. Before the first call every name is shown.
    virtual void set_names(label_names present) = 0;

    // `result`: settled duplicate conflict confirming ignored unauthorized limited invalid unavailable.
    virtual void callback(std::string_view source, std::string_view result, double seconds) = 0;
    virtual void settled(std::string_view source, std::string_view by, std::string_view status) = 0;
    // `result`: finished unfinished not_found unauthorized rate_limited failed.
    virtual void poll(std::string_view source, std::string_view result) = 0;
    // `result`: fetched retry blocked rejected.
    virtual void fetch(std::string_view result) = 0;
    virtual void fetched_bytes(std::uint64_t bytes) = 0;
    // `result`: delivered retry blocked rejected.
    // `seconds`: what the attempt took.
    virtual void delivery(std::string_view sink, std::string_view result, double seconds) = 0;
    virtual void commit(double seconds, std::uint64_t batch) = 0;
    // `reason`: as of tls::handshake_fault.
    virtual void handshake_failed(std::string_view reason) = 0;
    // `reason`: address overload proxy resources.
    virtual void connection_refused(std::string_view reason) = 0;

    // Gauges, set when somebody asks.
    virtual void set_tasks(std::string_view stage, std::uint64_t count) = 0;
    virtual void set_jobs(std::string_view kind, std::string_view state, std::uint64_t count) = 0;
    virtual void set_oldest_due(std::string_view kind, double seconds) = 0;
    virtual void set_connections(std::uint64_t open) = 0;
    virtual void set_spool_bytes(std::uint64_t bytes) = 0;
    virtual void set_spool_room(std::uint64_t bytes) = 0; // that fit before a limit is met
    virtual void set_ready(bool yes) = 0;
    virtual void set_degraded(std::string_view reason, std::uint64_t count) = 0;
    virtual void set_certificate_expiry(std::string_view certificate, double seconds_left) = 0;

    // The counters of that family together; 0 for none of that name.
    virtual double total(std::string_view family) const = 0;

    // The Prometheus text exposition format, version 0.0.4: what was counted and set, and what the system says of this
    // process.
    virtual std::string exposition() const = 0;
};

// `version` stands in `seedhook_build_info`.
std::unique_ptr<metrics> make_metrics(std::string_view version);

} // namespace seedhook
