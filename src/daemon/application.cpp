// The composition root: one line an object.
#include "daemon/application.hpp"

#include "daemon/activity.hpp"
#include "daemon/certificates.hpp"
#include "daemon/change_feed.hpp"
#include "daemon/fixed_settings.hpp"
#include "daemon/front.hpp"
#include "daemon/health.hpp"
#include "daemon/inbound_limits.hpp"
#include "daemon/lanes.hpp"
#include "daemon/opening.hpp"
#include "daemon/outbound.hpp"
#include "daemon/outcome_log.hpp"
#include "daemon/receive_threads.hpp"
#include "daemon/service_message.hpp"
#include "daemon/source_apis.hpp"
#include "daemon/spool_upkeep.hpp"
#include "daemon/store_pulse.hpp"
#include "daemon/upkeep.hpp"
#include "daemon/video_places.hpp"

#include "seedhook/async/task_group.hpp"
#include "seedhook/async/time_limit.hpp"
#include "seedhook/control/control.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"
#include "seedhook/receive/receive.hpp"
#include "seedhook/sinks/sink.hpp"

#include <algorithm>
#include <utility>

namespace seedhook {
namespace {

constexpr std::size_t disk_threads = 4;
constexpr std::size_t reading_threads = 2;       // of videos for the control API, from disks that only sinks need
constexpr std::size_t control_connections = 256; // of people and programs of this machine
constexpr duration look_at_desk{20};
constexpr duration store_pause = std::chrono::seconds(1);

label_names label_names_of(const config::settings& settings) {
    label_names names;
    for (const config::source& s : settings.sources) {
        names.sources.push_back(s.name);
        if (s.api) {
            names.asked.push_back(s.name);
        }
    }
    for (const config::sink& s : settings.sinks) {
        names.sinks.push_back(s.name);
    }
    return names;
}

// When a task that was submitted just now is asked about first. Any thread.
struct first_asks {
    const planner& plans;

    time_point operator()(std::string_view source, std::string_view model, time_point now,
                          callbacks where = callbacks::here) const {
        return plans.first_ask(source, model, now, now, where);
    }
};

class running_application final : public application {
public:
    running_application(asio::io_context& context, const config::settings& settings, const std::string& version,
                        opened from)
        : executor_(context.get_executor()), settings_(settings), counts_(make_metrics(version)),
          door_(http::admission::make(observed(std::move(from.door)))), failures_(failure_limit(settings.limits)),
          videos_(std::move(from.videos)), feed_(executor_), plans_(make_planner(asking_of(settings))),
          store_(make_store(std::move(from.engine), {}, observe_store())),
          worker_(make_worker(executor_, *store_, system_clock(), {}, observe_work())), apis_(executor_, *counts_),
          front_(executor_, settings, door_, {*store_, system_clock(), [this] { return routes_; }, first_ask()}),
          certificates_(keys_, *counts_),
          health_(*store_, last_commit_, *videos_, apis_, certificates_, system_clock(), [this] { worker_->wake(); }),
          listeners_(std::move(from.listeners)), gateway_(std::move(from.gateway)),
          control_at_(std::move(from.control)), tasks_(executor_), working_(executor_) {
        for (const auto* bound : {&listeners_, &gateway_, &control_at_}) {
            for (const bound_listener& l : *bound) {
                if (l.identity) {
                    certificates_.add(l.identity);
                }
            }
        }
        auto control = std::make_shared<http::router>();
        add_control_endpoints(*control, control_for(version));
        control_ = http::make_server(executor_, std::move(control), {}, http::admission::make({control_connections}));
        receivers_ = std::make_unique<receive_threads>(receive_thread_count(settings.receive),
                                                       limits_of(settings.limits), door_);
    }

    ~running_application() override { store_->close(); }

    // What can fail comes first: then nothing has run yet.
    result<void> start(const config::settings& settings) {
        auto plan = plan_for(settings);
        if (!plan) {
            return plan.error();
        }
        adopt(settings, std::move(*plan));
        if (auto listening = receivers_->listen(listeners_); !listening) {
            return listening.error();
        }
        health_.set_listening(true);
        tasks_.spawn(open_doors(), "doors");
        tasks_.spawn(health_.watch(), "health");
        tasks_.spawn(health_.watch_spool(), "spool's health");
        tasks_.spawn(health_.watch_store(closing_), "store's health");
        tasks_.spawn(certificates_.watch(), "certificates");
        tasks_.spawn(lately_.watch(), "activity");
        tasks_.spawn(keep_what_is_learnt(*store_, *plans_), "learning");
        tasks_.spawn(give_memory_back(*counts_), "memory");
        tasks_.spawn(keep_retention(*store_, system_clock(), [this] { return retention_; }), "retention");
        tidying_.spawn(keep_sinks_tidy([this] { return destinations_; }), "tidying");
        working_.spawn(work(), "worker");
        for (const bound_listener& l : listeners_) {
            log::info("listening", {{"address", l.socket.name()}, {"tls", l.identity != nullptr}});
        }
        return {};
    }

    result<void> reload(const config::settings& settings, std::function<void()> done) override {
        const std::string fixed = changes_that_need_a_restart(settings_, settings);
        if (!fixed.empty()) {
            return error(errc::invalid, "a restart is needed to change: " + fixed);
        }
        auto plan = plan_for(settings);
        if (!plan) {
            return plan.error();
        }
        adopt(settings, std::move(*plan));
        tasks_.spawn(reload_certificates(std::move(done)), "certificates");
        return {};
    }

    void report_reload(std::string refused_because) override { health_.set_reload_failure(std::move(refused_because)); }

    std::string status() const override {
        return stopping_.size() > 0 ? std::string(status_while_stopping) : status_of(health_.now());
    }

    std::vector<vital_part> vital_parts() override {
        std::vector<vital_part> parts;
        for (std::size_t i = 0; i < receivers_->size(); ++i) {
            auto ask = [this, i](std::function<void()> answer) { receivers_->ask(i, std::move(answer)); };
            parts.push_back({"receive " + std::to_string(i), false, std::move(ask)});
        }
        auto ask = [this](std::function<void()> answer) {
            tasks_.spawn(ask_store(*store_, closing_, std::move(answer)), "store's pulse");
        };
        parts.push_back({"store", true, std::move(ask)});
        return parts;
    }

    void stop(std::function<void()> stopped) override { stopping_.spawn(shut_down(std::move(stopped)), "shutdown"); }

private:
    http::admission_settings observed(http::admission_settings door) {
        door.refused = [this](std::string_view reason) { counts_->connection_refused(reason); };
        return door;
    }

    store_observer observe_store() {
        store_observer o;
        o.changed = [this] {
            worker_->wake();
            feed_.notify();
        };
        o.learnt = [this](const settlement& seen) { plans_->learn(seen); };
        o.committed = [this](std::size_t commands, double seconds) {
            counts_->commit(seconds, commands);
            last_commit_ = std::chrono::steady_clock::now();
        };
        o.failed = [](const error& why) {
            log::write_seldom(log::level::error, "store failed", 1, {{"reason", std::string_view(why.message)}});
        };
        o.recovered = [this] {
            log::info("store recovered");
            worker_->wake();
        };
        return o;
    }

    work_observer observe_work() {
        work_observer o;
        o.finished = [this](const attempt_report& attempt) {
            tell_outcome(attempt, *counts_);
            lately_.finished(attempt, system_clock().now());
            if (attempt.stage == task_stage::done) {
                tasks_.spawn(forget_video(*store_, *videos_, disk_, attempt.claimed.of), "spool removal");
            }
        };
        return o;
    }

    control_context control_for(const std::string& version) {
        control_context c{*store_, *counts_, system_clock(), feed_, front_.desk(), reading_};
        c.ready = [this] { return health_.now(); };
        c.at_hand = [this](const video_file& v) { return at_hand(v); };
        c.fetched_bytes = [this](const task& t) { return fetched_bytes(spool_name(t)); };
        c.routes = [this] { return routes_; };
        c.refresh_gauges = [this] { refresh_gauges(); };
        c.delivery_id = [](const task& t, std::string_view sink) { return delivery_id(t.source, t.request_id, sink); };
        c.sources = [this] { return sources_; };
        c.ask_at = first_ask();
        c.access = [this] { return access_; };
        c.video_places = [this](const task_detail& of) { return video_places(of, *videos_, sinks_); };
        c.sinks = [this] { return lately_.sinks(); };
        c.rates = [this] { return lately_.rates(); };
        c.version = version;
        return c;
    }

    awaitable<bool> at_hand(video_file video) {
        auto look = [this, v = std::move(video)] { return videos_->holds(v); };
        const bool there = co_await looks_.run(std::move(look));
        co_return there;
    }

    awaitable<std::optional<std::uint64_t>> fetched_bytes(std::string name) {
        auto look = [this, n = std::move(name)] { return videos_->fetched(n); };
        const auto bytes = co_await looks_.run(std::move(look));
        co_return bytes;
    }

    // What a reload replaces, built beside what is in use.
    struct whole_plan {
        work_plan work;
        std::unique_ptr<http::client> front_client;
    };

    result<whole_plan> plan_for(const config::settings& settings) {
        auto clients = outbound_clients::make(settings.outbound);
        if (!clients) {
            return clients.error();
        }
        auto apis = apis_.plan(settings, *clients);
        if (!apis) {
            return apis.error();
        }
        auto work = plan_work(settings, {executor_, *store_, *videos_, disk_, looks_, *counts_, *plans_, *apis,
                                         *clients, [this] { return health_.fetching_waits(); }});
        if (!work) {
            return work.error();
        }
        return whole_plan{std::move(*work), clients->client(executor_, gateway_client_settings())};
    }

    void adopt(const config::settings& settings, whole_plan whole) {
        work_plan& plan = whole.work;
        routes_ = plan.routes;
        destinations_ = std::move(plan.destinations);
        retention_ = settings.retention;
        access_ = std::make_shared<const config::control>(settings.control);
        sinks_ = settings.sinks;
        lately_.set_sinks(settings.sinks);
        plans_->configure(asking_of(settings));
        apis_.adopted(settings);
        front_.adopt(settings, std::move(whole.front_client));
        sources_.clear();
        for (const config::source& s : settings.sources) {
            sources_.push_back(s.name);
        }
        counts_->set_names(label_names_of(settings));
        health_.set_sinks(std::move(plan.sinks));
        health_.set_sources(std::move(plan.sources));
        worker_->set_lanes(std::move(plan.lanes), plan.routes);
        auto routes = std::make_shared<http::router>();
        receive_context receiving{*store_,     *counts_,  system_clock(), plan.routes, settings_.limits.body,
                                  first_ask(), &failures_};
        add_callback_endpoints(*routes, settings.sources, std::move(receiving));
        receivers_->set_router(std::move(routes));
        failures_.forget(); // it may have been our secrets that were wrong
    }

    awaitable<> reload_certificates(std::function<void()> done) {
        co_await certificates_.reload();
        if (stopping_.size() == 0) {
            done();
        }
    }

    first_asks first_ask() const { return {*plans_}; }

    // Nothing may be submitted before what an earlier life left open has been told of: it could not be told apart.
    awaitable<> open_doors() {
        auto told = co_await tell_lost_submissions(*store_, system_clock());
        // Whatever the store says, people can ask what is wrong.
        std::vector<bound_listener> doors = std::exchange(control_at_, {});
        for (bound_listener& at : doors) {
            log::info("control listening", {{"address", at.socket.name()}, {"tls", at.identity != nullptr}});
            control_->listen(std::move(at.socket), at.identity);
        }
        for (bool goes_on = true; !told && goes_on;) {
            goes_on = co_await sleep_for(store_pause);
            told = co_await tell_lost_submissions(*store_, system_clock());
        }
        front_.listen(std::move(gateway_));
    }

    awaitable<> work() {
        co_await sweep_spool(*store_, *videos_, disk_);
        co_await worker_->run();
    }

    void refresh_gauges() {
        counts_->set_spool_bytes(videos_->bytes());
        counts_->set_connections(door_->open());
        counts_->set_spool_room(health_.spool_room());
        certificates_.refresh_gauges(system_clock().now());
    }

    // Stop accepting and claiming, let requests and jobs in hand end, insist, close the store.
    awaitable<> shut_down(std::function<void()> stopped) {
        const auto end = std::chrono::steady_clock::now() + settings_.shutdown_grace;
        health_.set_listening(false);
        listeners_.clear(); // while one descriptor of a socket is open, the kernel goes on taking connections for it
        working_.cancel(asio::cancellation_type::total);
        task_group ending(executor_);
        ending.spawn(receivers_->stop(settings_.shutdown_grace), "stop receiving");
        ending.spawn(front_.stop(settings_.shutdown_grace), "stop the gateway");
        co_await working_.drained(); // a claim that was under way may still have started jobs
        ending.spawn(worker_->drain(settings_.shutdown_grace), "drain jobs");
        co_await ending.drained();
        tidying_.cancel(asio::cancellation_type::terminal); // it can be done another time
        co_await tidying_.drained();
        worker_->set_lanes({}, routes_); // clients go with their lanes, and their pooled connections with them
        apis_.close();
        destinations_.clear();
        tasks_.cancel(asio::cancellation_type::total);
        co_await tasks_.drained();
        feed_.close();
        while (front_.desk().in_hand() > 0 && std::chrono::steady_clock::now() < end) { // upstream may have been asked
            co_await sleep_for(look_at_desk);
        }
        co_await control_->stop(std::chrono::seconds(1));
        co_await front_.close();
        closing_ = true;
        store_->close();
        stopped();
    }

    asio::any_io_executor executor_;
    const config::settings settings_; // as started: see changes_that_need_a_restart
    std::unique_ptr<metrics> counts_;
    std::shared_ptr<http::admission> door_; // of the listeners and the gateway
    failed_signatures failures_;
    std::unique_ptr<spool> videos_;
    blocking_pool disk_{disk_threads};
    blocking_pool reading_{reading_threads};
    blocking_pool looks_{1}; // at files in the spool, which do not wait for what is written there
    blocking_pool keys_{1};  // for certificates, which must not wait for a disk that they are not on
    commit_feed feed_;
    std::unique_ptr<planner> plans_;
    commit_mark last_commit_{std::chrono::steady_clock::now()};
    std::unique_ptr<store> store_;
    std::unique_ptr<worker> worker_;
    source_apis apis_;
    front front_;
    certificates certificates_; // of all listeners
    health health_;
    std::vector<bound_listener> listeners_;
    std::vector<bound_listener> gateway_;    // until its doors open
    std::vector<bound_listener> control_at_; // likewise
    std::shared_ptr<const routing> routes_;
    std::vector<std::shared_ptr<sink>> destinations_;
    config::retention retention_;
    std::vector<std::string> sources_; // their names
    std::vector<config::sink> sinks_;
    std::shared_ptr<const config::control> access_;
    activity lately_{*counts_};
    std::unique_ptr<http::server> control_;
    std::unique_ptr<receive_threads> receivers_;
    bool closing_ = false;
    task_group tasks_;   // side work
    task_group working_; // the worker's loop
    task_group tidying_{executor_};
    task_group stopping_{executor_};
};

} // namespace

result<std::unique_ptr<application>> start_application(asio::io_context& context, const config::settings& settings,
                                                       const std::string& version) {
    auto from = open_all(settings);
    if (!from) {
        return from.error();
    }
    auto app = std::make_unique<running_application>(context, settings, version, std::move(*from));
    if (auto started = app->start(settings); !started) {
        return started.error();
    }
    return std::unique_ptr<application>(std::move(app));
}

} // namespace seedhook
