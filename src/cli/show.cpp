// `seedhook show`: one task with its deliveries and its history; with --wait once it is done or stuck.
#include "cli/control_client.hpp"
#include "cli/json_text.hpp"
#include "cli/task_text.hpp"
#include "cli/task_wait.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

struct show_options {
    control_options control;
    std::string id;
    std::string source;
    std::string wait;
    bool json = false;
};

int show(const show_options& o) {
    duration wait{0};
    if (!o.wait.empty()) {
        const auto parsed = parse_duration(o.wait);
        if (!parsed) {
            return report({exit_usage, "seedhook: --wait needs a duration such as 30s or 5m\n"});
        }
        wait = *parsed;
    }
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    task_wait wanted;
    wanted.id = o.id;
    wanted.source = o.source;
    wanted.limit = wait;
    const auto task = task_after(*daemon, wanted);
    if (!task) {
        return report(task.error());
    }
    if (!task->good()) {
        return report(task->refusal());
    }
    std::cout << (o.json ? task->body + "\n" : task_details(task->json));
    return o.wait.empty() || cell(task->json, "stage") == "done" ? exit_done : exit_failed;
}

} // namespace

command add_show(CLI::App& to) {
    auto o = std::make_shared<show_options>();
    CLI::App* app = to.add_subcommand("show", "Show one task with its deliveries and its history");
    add_control_options(*app, o->control);
    app->add_option("ID", o->id, "the requestId")->required()->type_name("");
    app->add_option("--source", o->source, "whose task, where several sources have one of that requestId")
        ->type_name("NAME");
    app->add_option("--wait", o->wait, "wait so long for it to be done or stuck; the exit code is 1 unless it is done")
        ->type_name("DURATION");
    app->add_flag("--json", o->json, "print the control API's JSON");
    return {app, [o] { return show(*o); }};
}

} // namespace seedhook::cli
