// What seedhook counts (SPEC §9), as verbs. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace seedhook {

class metrics {
public:
    virtual ~metrics() = default;

    // `result`: settled duplicate conflict confirming ignored unauthorized invalid unavailable.
    virtual void callback(std::string_view source, std::string_view result, double seconds) = 0;
    virtual void settled(std::string_view source, std::string_view by, std::string_view status) = 0;
    // `result`: finished unfinished not_found unauthorized rate_limited failed.
    virtual void poll(std::string_view source, std::string_view result) = 0;
    // `result`: fetched retry blocked rejected.
    virtual void fetch(std::string_view result) = 0;
    virtual void fetched_bytes(std::uint64_t bytes) = 0;
    // `result`: delivered retry blocked rejected.
    virtual void delivery(std::string_view sink, std::string_view result, double seconds) = 0;
    virtual void commit(double seconds, std::uint64_t batch) = 0;

    // Gauges, set when somebody asks.
    virtual void set_tasks(std::string_view stage, std::uint64_t count) = 0;
    virtual void set_jobs(std::string_view kind, std::string_view state, std::uint64_t count) = 0;
    virtual void set_oldest_due(std::string_view kind, double seconds) = 0;
    virtual void set_spool_bytes(std::uint64_t bytes) = 0;
    virtual void set_certificate_expiry(std::string_view certificate, double seconds_left) = 0;

    // The counters of that family together; 0 for none of that name.
    virtual double total(std::string_view family) const = 0;

    // The Prometheus text exposition format, version 0.0.4.
    virtual std::string exposition() const = 0;
};

// `version` stands in `seedhook_build_info`.
std::unique_ptr<metrics> make_metrics(std::string_view version);

} // namespace seedhook
