// `seedhook show`: one task with its deliveries and its history; with --wait once it is done or stuck.
#include "cli/control_client.hpp"
#include "cli/task_text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

constexpr duration longest_wait = std::chrono::minutes(5); // that the control API grants at once

struct options {
    control_options control;
    std::string id;
    std::string source;
    std::string wait;
    bool json = false;
};

std::string stage_of(const control_answer& a) {
    const auto* stage = a.json.if_contains("stage");
    const auto* text = stage ? stage->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

// Asks until the task is done or stuck, or `wait` is over. A task that is not there yet may come.
attempt<control_answer> task_after(const std::string& socket, const options& o, duration wait) {
    const auto end = std::chrono::steady_clock::now() + wait;
    for (;;) {
        const auto left = std::chrono::ceil<duration>(end - std::chrono::steady_clock::now());
        control_request r;
        r.path = "/v1/tasks/" + percent_encode(o.id);
        r.patience = std::clamp(left, duration::zero(), longest_wait);
        r.query = {{"source", o.source}, {"wait", r.patience > duration::zero() ? to_string(r.patience) : ""}};
        auto got = ask(socket, r);
        const bool settled = !got || stage_of(*got) == "done" || stage_of(*got) == "stuck";
        const bool may_come = got && (got->good() || got->status == 404);
        if (settled || !may_come || std::chrono::steady_clock::now() >= end) {
            return got;
        }
    }
}

int show(const options& o) {
    duration wait{0};
    if (!o.wait.empty()) {
        const auto parsed = parse_duration(o.wait);
        if (!parsed) {
            return report({exit_usage, "seedhook: --wait needs a duration such as 30s or 5m\n"});
        }
        wait = *parsed;
    }
    const auto socket = control_socket(o.control);
    if (!socket) {
        return report(socket.error());
    }
    const auto task = task_after(*socket, o, wait);
    if (!task) {
        return report(task.error());
    }
    if (!task->good()) {
        return report(task->refusal());
    }
    std::cout << (o.json ? task->body + "\n" : task_details(task->json));
    return o.wait.empty() || stage_of(*task) == "done" ? exit_done : exit_failed;
}

} // namespace

command add_show(CLI::App& to) {
    auto o = std::make_shared<options>();
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
