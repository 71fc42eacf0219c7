// Pings and status for the service manager.
#include "daemon/watch.hpp"

#include "daemon/service_message.hpp"
#include "daemon/vital_signs.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"

#include <utility>

namespace seedhook {
namespace {

class watch {
public:
    watch(service_manager& manager, application& app, const watch_plan& plan)
        : manager_(manager), app_(app), signs_(app.vital_parts(), plan) {}

    void look() {
        if (manager_.watchdog()) {
            ping();
        }
        std::string status = app_.status();
        if (status != told_ && manager_.tell_now(status_message(status))) {
            told_ = std::move(status);
        }
    }

private:
    void ping() {
        std::string silent;
        for (const std::string_view part : signs_.look(std::chrono::steady_clock::now())) {
            silent.append(silent.empty() ? "" : ", ").append(part);
        }
        if (silent.empty()) {
            manager_.tell_now(watchdog_message());
        }
        if (silent == silent_) {
            return;
        }
        if (silent.empty()) {
            log::info("every thread answers again");
        } else {
            log::error("threads do not answer; the watchdog is not fed until they do",
                       {{"threads", std::string_view(silent)}});
        }
        silent_ = std::move(silent);
    }

    service_manager& manager_;
    application& app_;
    vital_signs signs_;
    std::string told_;
    std::string silent_;
};

} // namespace

awaitable<> keep_informed(service_manager& manager, application& app) {
    if (!manager.listens()) {
        co_return;
    }
    const watch_plan plan = manager.watchdog() ? plan_watch(*manager.watchdog()) : watch_plan();
    watch kept(manager, app, plan);
    for (bool goes_on = true; goes_on;) {
        kept.look();
        goes_on = co_await sleep_for(plan.between_looks);
    }
}

} // namespace seedhook
