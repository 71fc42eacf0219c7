// `seedhook models`: what upstream can make, and for how much.
#include "cli/control_client.hpp"
#include "cli/json_text.hpp"
#include "cli/models_text.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

constexpr duration upstream_patience = std::chrono::minutes(1);

struct models_options {
    control_options control;
    std::string source;
    bool json = false;
};

int models(const models_options& o) {
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    control_request r;
    r.path = "/v1/models";
    r.query = {{"source", o.source}};
    r.patience = upstream_patience;
    r.upstream_speaks = true;
    const auto answer = ask(*daemon, r);
    if (!answer) {
        return report(answer.error());
    }
    const auto* all = array_of(answer->json, "data");
    if (!answer->good()) {
        return report(answer->refusal());
    }
    if (!all && !o.json) {
        return report({exit_failed, "seedhook: upstream's answer lists no models\n"});
    }
    std::cout << (o.json ? answer->body + "\n" : models_table(*all));
    return exit_done;
}

} // namespace

command add_models(CLI::App& to) {
    auto o = std::make_shared<models_options>();
    CLI::App* app = to.add_subcommand("models", "List upstream's models, what they make and for how much");
    add_control_options(*app, o->control);
    app->add_option("--source", o->source, "whose API key to use; not needed when there is only one")
        ->type_name("NAME");
    app->add_flag("--json", o->json, "print upstream's JSON");
    return {app, [o] { return models(*o); }};
}

} // namespace seedhook::cli
