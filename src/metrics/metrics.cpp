// The metrics over prometheus-cpp's registry. What is counted on every callback finds its series without a lock.
#include "seedhook/metrics/metrics.hpp"

#include "metrics/process.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

using buckets = prometheus::Histogram::BucketBoundaries;

template <std::size_t Labels>
using label_values = std::array<std::string_view, Labels>;

// The series of one family, by label values. They are few and never go, so they stand in a list that only grows at its
// head and is walked without a lock; `Family::Add` would lock and hash a map each time.
template <class Metric, std::size_t Labels>
class series_table {
public:
    series_table(prometheus::Family<Metric>& family, std::array<const char*, Labels> names, buckets bounds = {})
        : family_(family), names_(names), bounds_(std::move(bounds)) {}
    ~series_table() {
        for (node* n = head_.load(); n != nullptr;) {
            delete std::exchange(n, n->next);
        }
    }
    series_table(const series_table&) = delete;
    series_table& operator=(const series_table&) = delete;

    Metric& at(const label_values<Labels>& values) {
        if (Metric* const known = find(values)) {
            return *known;
        }
        const std::lock_guard lock(growing_);
        if (Metric* const known = find(values)) {
            return *known;
        }
        prometheus::Labels labels;
        auto fresh = std::make_unique<node>();
        for (std::size_t i = 0; i < Labels; ++i) {
            labels.emplace(names_[i], values[i]);
            fresh->values[i] = values[i];
        }
        if constexpr (std::is_same_v<Metric, prometheus::Histogram>) {
            fresh->metric = &family_.Add(labels, bounds_);
        } else {
            fresh->metric = &family_.Add(labels);
        }
        fresh->next = head_.load(std::memory_order_relaxed);
        Metric& metric = *fresh->metric;
        head_.store(fresh.release(), std::memory_order_release);
        return metric;
    }

private:
    struct node {
        std::array<std::string, Labels> values;
        Metric* metric = nullptr;
        node* next = nullptr;
    };

    Metric* find(const label_values<Labels>& values) const {
        for (const node* n = head_.load(std::memory_order_acquire); n != nullptr; n = n->next) {
            if (std::equal(values.begin(), values.end(), n->values.begin())) {
                return n->metric;
            }
        }
        return nullptr;
    }

    prometheus::Family<Metric>& family_;
    std::array<const char*, Labels> names_;
    buckets bounds_;
    std::atomic<node*> head_{nullptr};
    std::mutex growing_;
};

template <std::size_t Labels>
using counters = series_table<prometheus::Counter, Labels>;
template <std::size_t Labels>
using gauges = series_table<prometheus::Gauge, Labels>;
template <std::size_t Labels>
using histograms = series_table<prometheus::Histogram, Labels>;

buckets callback_bounds() {
    return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
}
buckets commit_bounds() {
    return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};
}
buckets delivery_bounds() { return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600}; }
buckets batch_bounds() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}; }

// Every value of a label that is not a name. A table is walked from the series that came last, so the frequent ones
// stand at the end.
constexpr std::array callback_results{"unavailable", "conflict",  "invalid",    "limited", "unauthorized",
                                      "ignored",     "duplicate", "confirming", "settled"};
constexpr std::array refusal_reasons{"resources", "proxy", "address", "overload"};
constexpr std::array handshake_faults{"other",   "client_certificate",   "refused", "timed_out", "parameters",
                                      "version", "application_protocol", "not_tls", "closed"};
constexpr std::array poll_results{"failed", "rate_limited", "unauthorized", "not_found", "unfinished", "finished"};
constexpr std::array fetch_results{"rejected", "blocked", "retry", "fetched"};
constexpr std::array delivery_results{"rejected", "blocked", "retry", "delivered"};
constexpr std::array polled_statuses{"expired", "cancelled", "failed", "succeeded"};
constexpr std::array called_back_statuses{"cancelled", "failed", "succeeded"};

// Takes out the series of names that are not configured (any longer).
void drop_unknown(std::vector<prometheus::MetricFamily>& families, const label_names& known) {
    const auto is_unknown = [&known](const prometheus::ClientMetric& series) {
        const auto unknown = [&known](const prometheus::ClientMetric::Label& label) {
            const auto is_none_of = [&label](const std::vector<std::string>& names) {
                return std::find(names.begin(), names.end(), label.value) == names.end();
            };
            return (label.name == "source" && is_none_of(known.sources)) ||
                   (label.name == "sink" && is_none_of(known.sinks));
        };
        return std::any_of(series.label.begin(), series.label.end(), unknown);
    };
    for (prometheus::MetricFamily& family : families) {
        std::erase_if(family.metric, is_unknown);
    }
}

class prometheus_metrics final : public metrics {
public:
    explicit prometheus_metrics(std::string_view version) {
        gauge("seedhook_build_info", "Always 1; the label says which seedhook this is.")
            .Add({{"version", std::string(version)}})
            .Set(1);
        for (const char* result : fetch_results) {
            fetches_.at({result});
        }
        for (const char* reason : refusal_reasons) {
            connections_refused_.at({reason});
        }
        for (const char* fault : handshake_faults) {
            handshake_failures_.at({fault});
        }
    }

    void set_names(label_names present) override {
        for (const char* result : callback_results) {
            for (const std::string& source : present.sources) {
                callbacks_.at({source, result});
            }
        }
        for (const std::string& source : present.asked) {
            for (const char* status : polled_statuses) {
                settled_.at({source, "poll", status});
            }
            for (const char* result : poll_results) {
                polls_.at({source, result});
            }
        }
        for (const std::string& source : present.sources) {
            for (const char* status : called_back_statuses) {
                settled_.at({source, "callback", status});
            }
        }
        for (const std::string& sink : present.sinks) {
            delivery_seconds_.at({sink});
            for (const char* result : delivery_results) {
                deliveries_.at({sink, result});
            }
        }
        const std::lock_guard guard(reading_);
        names_ = std::move(present);
    }

    void callback(std::string_view source, std::string_view result, double seconds) override {
        callbacks_.at({source, result}).Increment();
        callback_seconds_.Observe(seconds);
    }
    void settled(std::string_view source, std::string_view by, std::string_view status) override {
        settled_.at({source, by, status}).Increment();
    }
    void poll(std::string_view source, std::string_view result) override { polls_.at({source, result}).Increment(); }
    void fetch(std::string_view result) override { fetches_.at({result}).Increment(); }
    void fetched_bytes(std::uint64_t bytes) override { fetch_bytes_.Increment(static_cast<double>(bytes)); }
    void delivery(std::string_view sink, std::string_view result, double seconds) override {
        deliveries_.at({sink, result}).Increment();
        delivery_seconds_.at({sink}).Observe(seconds);
    }
    void commit(double seconds, std::uint64_t batch) override {
        commit_seconds_.Observe(seconds);
        batch_size_.Observe(static_cast<double>(batch));
    }
    void handshake_failed(std::string_view reason) override { handshake_failures_.at({reason}).Increment(); }
    void connection_refused(std::string_view reason) override { connections_refused_.at({reason}).Increment(); }

    void set_tasks(std::string_view stage, std::uint64_t count) override {
        tasks_.at({stage}).Set(static_cast<double>(count));
    }
    void set_jobs(std::string_view kind, std::string_view state, std::uint64_t count) override {
        jobs_.at({kind, state}).Set(static_cast<double>(count));
    }
    void set_oldest_due(std::string_view kind, double seconds) override { oldest_due_.at({kind}).Set(seconds); }
    void set_connections(std::uint64_t open) override { connections_.Set(static_cast<double>(open)); }
    void set_spool_bytes(std::uint64_t bytes) override { spool_bytes_.Set(static_cast<double>(bytes)); }
    void set_spool_room(std::uint64_t bytes) override { spool_room_.Set(static_cast<double>(bytes)); }
    void set_ready(bool yes) override { ready_.Set(yes ? 1 : 0); }
    void set_degraded(std::string_view reason, std::uint64_t count) override {
        degraded_.at({reason}).Set(static_cast<double>(count));
    }
    void set_certificate_expiry(std::string_view certificate, double seconds_left) override {
        certificate_expiry_.at({certificate}).Set(seconds_left);
    }

    std::string exposition() const override {
        const std::lock_guard guard(reading_);
        set_process(read_process());
        std::vector<prometheus::MetricFamily> families = registry_.Collect();
        if (names_) {
            drop_unknown(families, *names_);
        }
        return prometheus::TextSerializer().Serialize(families);
    }

    double total(std::string_view family) const override {
        double sum = 0;
        for (const prometheus::MetricFamily& one : registry_.Collect()) {
            if (one.name != family) {
                continue;
            }
            for (const prometheus::ClientMetric& series : one.metric) {
                sum += series.counter.value;
            }
        }
        return sum;
    }

private:
    prometheus::Family<prometheus::Counter>& counter(const char* name, const char* help) {
        return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
    }
    prometheus::Family<prometheus::Gauge>& gauge(const char* name, const char* help) {
        return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
    }
    prometheus::Family<prometheus::Histogram>& histogram(const char* name, const char* help) {
        return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
    }

    // Under the names that every client library of Prometheus gives them.
    void set_process(const process_facts& p) const {
        cpu_seconds_.Increment(std::max(0.0, p.cpu_seconds - cpu_seconds_.Value()));
        resident_bytes_.Set(p.resident_bytes);
        virtual_bytes_.Set(p.virtual_bytes);
        open_fds_.Set(p.open_fds);
        max_fds_.Set(p.max_fds);
        threads_.Set(p.threads);
        start_time_.Set(p.start_time);
    }

    mutable std::mutex reading_; // over names_ and the process's figures
    std::optional<label_names> names_;
    prometheus::Registry registry_;
    counters<2> callbacks_{counter("seedhook_callbacks_total", "Callbacks answered, by what became of them."),
                           {"source", "result"}};
    prometheus::Histogram& callback_seconds_ =
        histogram("seedhook_callback_seconds", "Time from a whole callback to its answer.").Add({}, callback_bounds());
    counters<3> settled_{counter("seedhook_settled_total", "Tasks settled, by what settled them and their status."),
                         {"source", "by", "status"}};
    counters<2> polls_{counter("seedhook_polls_total", "Answers of the API about a task."), {"source", "result"}};
    counters<1> fetches_{counter("seedhook_fetches_total", "Attempts to fetch a video."), {"result"}};
    prometheus::Counter& fetch_bytes_ = counter("seedhook_fetch_bytes_total", "Bytes of videos fetched.").Add({});
    counters<2> deliveries_{counter("seedhook_deliveries_total", "Attempts to deliver to a sink."), {"sink", "result"}};
    histograms<1> delivery_seconds_{
        histogram("seedhook_delivery_seconds", "Time of one attempt to deliver."), {"sink"}, delivery_bounds()};
    gauges<1> tasks_{gauge("seedhook_tasks", "Tasks by stage."), {"stage"}};
    gauges<2> jobs_{gauge("seedhook_jobs", "Jobs still to be done, by kind and state."), {"kind", "state"}};
    gauges<1> oldest_due_{gauge("seedhook_oldest_due_seconds", "How long the longest-waiting due job has been due."),
                          {"kind"}};
    prometheus::Histogram& commit_seconds_ =
        histogram("seedhook_store_commit_seconds", "Time of one commit to stable storage.").Add({}, commit_bounds());
    prometheus::Histogram& batch_size_ =
        histogram("seedhook_store_batch_size", "Commands in one commit.").Add({}, batch_bounds());
    prometheus::Gauge& connections_ =
        gauge("seedhook_connections", "Connections open at the listeners and the gateway.").Add({});
    counters<1> connections_refused_{
        counter("seedhook_connections_refused_total", "Connections that were not taken, or closed for a newcomer."),
        {"reason"}};
    prometheus::Gauge& spool_bytes_ = gauge("seedhook_spool_bytes", "Bytes in the spool.").Add({});
    counters<1> handshake_failures_{
        counter("seedhook_tls_handshake_failures_total", "TLS handshakes of clients that failed."), {"reason"}};
    prometheus::Gauge& spool_room_ =
        gauge("seedhook_spool_room_bytes", "Bytes that fit in the spool before one of its limits is met.").Add({});
    prometheus::Gauge& ready_ = gauge("seedhook_ready", "1 while /readyz says ready, else 0.").Add({});
    gauges<1> degraded_{gauge("seedhook_degraded", "What /readyz lists as degraded, by kind of reason."), {"reason"}};
    gauges<1> certificate_expiry_{
        gauge("seedhook_certificate_expiry_seconds", "Seconds until a certificate expires; negative afterwards."),
        {"certificate"}};
    prometheus::Counter& cpu_seconds_ =
        counter("process_cpu_seconds_total", "Processor time of this process, in seconds.").Add({});
    prometheus::Gauge& resident_bytes_ = gauge("process_resident_memory_bytes", "Resident memory.").Add({});
    prometheus::Gauge& virtual_bytes_ = gauge("process_virtual_memory_bytes", "Virtual memory.").Add({});
    prometheus::Gauge& open_fds_ = gauge("process_open_fds", "Open file descriptors.").Add({});
    prometheus::Gauge& max_fds_ = gauge("process_max_fds", "The most file descriptors that may be open.").Add({});
    prometheus::Gauge& threads_ = gauge("process_threads", "Threads of this process.").Add({});
    prometheus::Gauge& start_time_ =
        gauge("process_start_time_seconds", "When this process started, in seconds since 1970.").Add({});
};

} // namespace

std::unique_ptr<metrics> make_metrics(std::string_view version) {
    return std::make_unique<prometheus_metrics>(version);
}

} // namespace seedhook
