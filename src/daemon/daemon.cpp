// The daemon's life: start, signals, reload, stop.
#include "seedhook/daemon/daemon.hpp"

#include "daemon/application.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/service_message.hpp"
#include "daemon/watch.hpp"

#include "seedhook/async/task_group.hpp"
#include "seedhook/log/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace seedhook {
namespace {

constexpr duration start_limit = std::chrono::minutes(15);
constexpr duration beyond_grace = std::chrono::seconds(20); // for closing the store

log::level level_of(config::log::level_kind kind) {
    switch (kind) {
    case config::log::level_kind::debug:
        return log::level::debug;
    case config::log::level_kind::info:
        return log::level::info;
    case config::log::level_kind::warning:
        return log::level::warning;
    case config::log::level_kind::error:
        return log::level::error;
    }
    return log::level::info;
}

log::format format_of(config::log::format_kind kind) {
    switch (kind) {
    case config::log::format_kind::automatic:
        return log::format::automatic;
    case config::log::format_kind::text:
        return log::format::text;
    case config::log::format_kind::json:
        return log::format::json;
    }
    return log::format::automatic;
}

void configure_log(const config::log& l) { log::configure(level_of(l.level), format_of(l.format)); }

// As many descriptors as the system lets us have: each connection is one.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// Buffers of some hundred KiB come and go with every video. Memory that went back to the system each time would have to
// be had anew page by page, at several times the cost of using it; `give_memory_back` returns it when there is a rest.
void keep_freed_memory() {
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

void reload(application& app, service_manager& manager, const daemon_options& options) {
    manager.tell(reloading_message(std::chrono::steady_clock::now()));
    const config::loaded loaded = options.reload();
    std::string refused;
    auto ready = [&app, &manager] { manager.tell(ready_message(app.status())); };
    if (!loaded.value) {
        for (const config::mistake& m : loaded.mistakes) {
            log::error("configuration refused", {{"mistake", std::string_view(m.to_string())}});
        }
        refused = loaded.mistakes.empty() ? "unreadable" : loaded.mistakes.front().to_string();
    } else if (auto reloaded = app.reload(*loaded.value, ready); !reloaded) {
        refused = reloaded.error().message;
        log::error("configuration refused", {{"reason", std::string_view(refused)}});
    } else {
        configure_log(loaded.value->log);
        log::info("configuration reloaded");
    }
    const bool still_reading = refused.empty();
    app.report_reload(std::move(refused));
    if (!still_reading) {
        ready();
    }
}

// SIGHUP reloads; SIGTERM and SIGINT stop; a second one of those ends the process at once.
awaitable<> obey_signals(asio::signal_set& signals, application& app, service_manager& manager,
                         const daemon_options& options, duration grace, task_group& self) {
    bool stopping = false;
    for (;;) {
        boost::system::error_code failure;
        const int number = co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, failure));
        if (failure) {
            co_return;
        }
        if (number == SIGHUP) {
            if (!stopping) {
                reload(app, manager, options);
            }
            continue;
        }
        if (stopping) {
            log::warning("stopping at once");
            log::flush_and_stop();
            ::_exit(1);
        }
        stopping = true;
        log::info("stopping");
        manager.tell(stopping_message(grace + beyond_grace));
        auto stopped = [&self] { self.cancel(asio::cancellation_type::total); };
        app.stop(std::move(stopped));
    }
}

// What the system refuses meanwhile (descriptors, threads) comes as an exception.
result<std::unique_ptr<application>> start(asio::io_context& context, std::optional<asio::signal_set>& signals,
                                           const config::settings& settings, const std::string& version) {
    try {
        signals.emplace(context, SIGTERM, SIGINT, SIGHUP);
        return start_application(context, settings, version);
    } catch (const std::runtime_error& refused) {
        return error(errc::unavailable, refused.what());
    }
}

} // namespace

int run_daemon(config::settings settings, daemon_options options) {
    const service_environment environment = service_environment::take();
    configure_log(settings.log);
    std::signal(SIGPIPE, SIG_IGN);
    ::umask(0027);
    raise_descriptor_limit();
    keep_freed_memory();
    for (const std::string& w : config::warnings(settings)) {
        log::warning("configuration", {{"warning", std::string_view(w)}});
    }
    service_manager manager(environment);
    manager.tell(starting_message(start_limit));
    asio::io_context context(1);
    std::optional<asio::signal_set> heard;
    auto app = start(context, heard, settings, options.version);
    if (!app) {
        log::error("cannot start", {{"reason", std::string_view(app.error().message)}});
        log::flush_and_stop();
        return 1;
    }
    task_group signals(context.get_executor());
    signals.spawn(obey_signals(*heard, **app, manager, options, settings.shutdown_grace, signals), "signals");
    signals.spawn(keep_informed(manager, **app), "service manager");
    ::malloc_trim(0); // what reading the configuration needed is not needed again soon
    manager.tell(ready_message((*app)->status()));
    log::info("ready", {{"version", std::string_view(options.version)}});
    context.run();
    app->reset();
    log::info("stopped");
    log::flush_and_stop();
    return 0;
}

} // namespace seedhook
