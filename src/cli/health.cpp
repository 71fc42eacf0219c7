// `seedhook health`: is the daemon ready; for HEALTHCHECK, exec probes and load balancers' scripts.
#include "cli/control_client.hpp"
#include "cli/json_text.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace seedhook::cli {
namespace {

struct health_options {
    control_options control;
    bool live = false;
    bool json = false;
};

std::string lines_of(const boost::json::object& state, std::string_view key, std::string_view label) {
    const boost::json::array* all = array_of(state, key);
    std::string out;
    for (std::size_t i = 0; all && i < all->size(); ++i) {
        const boost::json::string* reason = (*all)[i].if_string();
        out += reason ? std::string(label) + ": " + printable(*reason) + "\n" : "";
    }
    return out;
}

int health(const health_options& o) {
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    control_request r;
    r.path = o.live ? "/healthz" : "/readyz";
    const auto answer = ask(*daemon, r);
    if (!answer) {
        return report({exit_failed, answer.error().text});
    }
    if (o.json) {
        std::cout << answer->body << '\n';
        return answer->good() ? exit_done : exit_failed;
    }
    if (!answer->good()) {
        const std::string reasons = lines_of(answer->json, "reasons", "reason");
        return report(reasons.empty() ? answer->refusal() : failure(exit_failed, "not ready\n" + reasons));
    }
    std::cout << (o.live ? "alive\n" : "ready\n") << lines_of(answer->json, "degraded", "degraded");
    return exit_done;
}

} // namespace

command add_health(CLI::App& to) {
    auto o = std::make_shared<health_options>();
    CLI::App* app = to.add_subcommand("health", "Ask the daemon whether it is ready, for health checks");
    add_control_options(*app, o->control);
    app->add_flag("--live", o->live, "only whether the process answers (/healthz instead of /readyz)");
    app->add_flag("--json", o->json, "print the control API's JSON");
    app->footer("The exit code is 0 when it is ready, degraded or not, and 1 when it is not, or nobody answers.");
    return {app, [o] { return health(*o); }};
}

} // namespace seedhook::cli
