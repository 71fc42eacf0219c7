// `seedhook cancel`: asks upstream to cancel a task.
#include "cli/control_client.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

constexpr duration upstream_patience = std::chrono::minutes(2);

struct cancel_options {
    control_options control;
    std::string id;
    std::string source;
    bool json = false;
};

int cancel(const cancel_options& o) {
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    control_request r;
    r.method = "POST";
    r.path = "/v1/tasks/" + percent_encode(o.id) + "/cancel";
    r.query = {{"source", o.source}};
    r.patience = upstream_patience;
    r.upstream_speaks = true;
    const auto answer = ask(*daemon, r);
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        return report(answer->refusal());
    }
    if (o.json) {
        std::cout << answer->body << '\n';
    } else {
        const std::string id = printable(o.id);
        std::cout << "upstream was asked to cancel " << id << "; `seedhook show " << id
                  << " --wait 1m` tells how it ends\n";
    }
    return exit_done;
}

} // namespace

command add_cancel(CLI::App& to) {
    auto o = std::make_shared<cancel_options>();
    CLI::App* app = to.add_subcommand("cancel", "Cancel a task upstream, while it is queued or being made");
    add_control_options(*app, o->control);
    app->add_option("ID", o->id, "the requestId")->required()->type_name("");
    app->add_option("--source", o->source, "whose task, where several sources have one of that requestId")
        ->type_name("NAME");
    app->add_flag("--json", o->json, "print upstream's JSON");
    return {app, [o] { return cancel(*o); }};
}

} // namespace seedhook::cli
