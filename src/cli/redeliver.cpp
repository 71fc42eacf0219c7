// `seedhook redeliver`: deliver a task again, to one sink or to all that want it.
#include "cli/control_client.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

struct redeliver_options {
    control_options control;
    std::string id;
    std::string source;
    std::string sink;
    bool json = false;
};

int redeliver(const redeliver_options& o) {
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    boost::json::object body;
    if (!o.sink.empty()) {
        body["sink"] = o.sink;
    }
    control_request r;
    r.method = "POST";
    r.path = "/v1/tasks/" + percent_encode(o.id) + "/redeliver";
    r.query = {{"source", o.source}};
    r.body = boost::json::serialize(body);
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
        std::cout << printable(o.id) << " will be delivered again; `seedhook show --wait 1m` tells how it goes\n";
    }
    return exit_done;
}

} // namespace

command add_redeliver(CLI::App& to) {
    auto o = std::make_shared<redeliver_options>();
    CLI::App* app = to.add_subcommand("redeliver", "Deliver a task again, fetching its video again if need be");
    add_control_options(*app, o->control);
    app->add_option("ID", o->id, "the requestId")->required()->type_name("");
    app->add_option("--source", o->source, "whose task, where several sources have one of that requestId")
        ->type_name("NAME");
    app->add_option("--sink", o->sink, "only to this sink; to all that want the task when left out")->type_name("NAME");
    app->add_flag("--json", o->json, "print the control API's JSON");
    return {app, [o] { return redeliver(*o); }};
}

} // namespace seedhook::cli
