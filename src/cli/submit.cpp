// `seedhook submit`: a task for upstream, through the daemon; with --wait until its video is where it belongs.
#include "cli/control_client.hpp"
#include "cli/farewell.hpp"
#include "cli/input.hpp"
#include "cli/json_text.hpp"
#include "cli/progress.hpp"
#include "cli/submission.hpp"
#include "cli/task_wait.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::cli {
namespace {

constexpr duration upstream_patience = std::chrono::minutes(2);
constexpr duration look_every = std::chrono::seconds(1);
constexpr duration as_long_as_it_takes = std::chrono::hours(24 * 365);

struct submit_options {
    control_options control;
    submission what;
    std::string body; // instead of `what`
    std::string source;
    std::string timeout;
    bool wait = false;
    bool json = false;
};

std::string goes_on(const std::string& id) {
    return printable(id) + " goes on; `seedhook show " + printable(id) + " --wait 5m` waits for it again\n";
}

attempt<duration> patience_of(const submit_options& o) {
    if (o.timeout.empty()) {
        return as_long_as_it_takes;
    }
    const auto parsed = parse_duration(o.timeout);
    return parsed ? attempt<duration>(*parsed)
                  : failure(exit_usage, "seedhook: --timeout needs a duration such as 90s or 10m\n");
}

attempt<std::string> prompt_of(const submit_options& o) {
    if (!o.what.prompt.empty() && o.what.prompt != "-") {
        return o.what.prompt;
    }
    if (o.what.prompt.empty() && input_is_a_terminal()) {
        return failure(exit_usage, "seedhook: give a prompt, in quotes, or on standard input\n");
    }
    auto text = read_input("-");
    if (text) {
        text->erase(text->find_last_not_of("\r\n") + 1);
    }
    return text;
}

attempt<std::string> request_body(const submit_options& o) {
    if (!o.body.empty()) {
        const auto document = read_input(o.body);
        return document ? addressed(*document, o.source) : document;
    }
    const auto prompt = prompt_of(o);
    if (!prompt) {
        return prompt.error();
    }
    submission what = o.what;
    what.prompt = *prompt;
    const auto document = document_of(what);
    return document ? addressed(*document, o.source) : document;
}

int tell_end(const submit_options& o, const std::string& id, const control_answer& task) {
    if (!task.good()) {
        return report(task.refusal());
    }
    if (o.json) {
        std::cout << task.body << '\n';
    }
    if (!at_rest(task.json)) {
        return report({exit_failed, "seedhook: not done after " + o.timeout + "; " + goes_on(id)});
    }
    if (!o.json) {
        std::cout << places(task.json);
    }
    return ended_well(task.json) ? exit_done : report({exit_failed, why_not(task.json)});
}

int follow(const submit_options& o, const daemon_address& daemon, const std::string& id, duration limit) {
    const farewell last("\n" + goes_on(id));
    const auto begun = std::chrono::steady_clock::now();
    progress told(std::cerr, ::isatty(STDERR_FILENO) == 1);
    task_wait wanted;
    wanted.id = id;
    wanted.source = o.source;
    wanted.limit = limit;
    wanted.must_exist = true;
    wanted.look_every = look_every;
    wanted.look = [&](const boost::json::object& task) {
        told.show(task, std::chrono::floor<duration>(std::chrono::steady_clock::now() - begun));
    };
    const auto task = task_after(daemon, wanted);
    told.end();
    if (!task) {
        return report({task.error().exit_code, task.error().text + goes_on(id)});
    }
    return tell_end(o, id, *task);
}

int submit(const submit_options& o) {
    const auto limit = patience_of(o);
    if (!limit) {
        return report(limit.error());
    }
    const auto body = request_body(o);
    if (!body) {
        return report(body.error());
    }
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    control_request r;
    r.method = "POST";
    r.path = "/v1/submissions";
    r.body = *body;
    r.patience = upstream_patience;
    r.upstream_speaks = true;
    const auto answer = ask(*daemon, r);
    if (!answer) {
        return report(answer.error());
    }
    if (!answer->good()) {
        return report(answer->refusal());
    }
    const auto id = text_of(answer->json, "requestId");
    if (!id) {
        return report({exit_failed, "seedhook: upstream's answer names no requestId\n"});
    }
    std::cout << (o.json ? answer->body : printable(*id)) << std::endl; // before the wait, which may be interrupted
    return o.wait ? follow(o, *daemon, *id, *limit) : exit_done;
}

void add_document_options(CLI::App& app, submit_options& o) {
    auto* body = app.add_option("--body", o.body, "the whole JSON for upstream, byte for byte; - is standard input")
                     ->type_name("FILE");
    std::vector<CLI::Option*> parts;
    const auto part = [&](CLI::Option* option, const char* type) { parts.push_back(option->type_name(type)); };
    part(app.add_option("PROMPT", o.what.prompt, "what the video shows; read from standard input when left out"), "");
    part(app.add_option("--model", o.what.model, "`seedhook models` lists them")->capture_default_str(), "ID");
    part(app.add_option("--duration", o.what.seconds, "how long it is, in whole seconds")
             ->check(CLI::Range(1U, 3600U).description("")),
         "SECONDS");
    part(app.add_option("--aspect-ratio", o.what.aspect_ratio, "such as 16:9"), "W:H");
    part(app.add_option("--resolution", o.what.resolution, "such as 720p"), "NAME");
    part(app.add_option("--media-url", o.what.media_urls, "a picture, video or sound to go by; may be repeated")
             ->allow_extra_args(false),
         "URL");
    part(app.add_option("--metadata", o.what.metadata, "kept with the task, for sinks to go by; may be repeated")
             ->allow_extra_args(false),
         "KEY=VALUE");
    part(app.add_option("--webhook-url", o.what.webhook_url, "where the callback goes, instead of to this daemon"),
         "URL");
    app.callback([body, parts] { // `excludes` would say it beside every option of the help
        const bool given = std::any_of(parts.begin(), parts.end(), [](const CLI::Option* p) { return p->count() > 0; });
        if (body->count() > 0 && given) {
            throw CLI::ValidationError("--body", "is the whole document: what else describes the video is left out");
        }
    });
}

} // namespace

command add_submit(CLI::App& to) {
    auto o = std::make_shared<submit_options>();
    o->what.model = "seedance-2.0";
    CLI::App* app = to.add_subcommand("submit", "Submit a task to upstream and print its requestId");
    add_control_options(*app, o->control);
    add_document_options(*app, *o);
    app->add_option("--source", o->source, "whose API key to use; not needed when there is only one")
        ->type_name("NAME");
    auto* wait = app->add_flag("--wait", o->wait,
                               "wait for the video, and print its place for each sink; the exit code is 1 unless every "
                               "sink that wants it has it");
    app->add_option("--timeout", o->timeout, "wait no longer than this")->type_name("DURATION")->needs(wait);
    app->add_flag("--json", o->json, "print the answer's JSON, and with --wait the task's on a second line");
    app->footer("seedhook submit \"A river through an autumn forest\" --duration 5 --resolution 720p --wait");
    return {app, [o] { return submit(*o); }};
}

} // namespace seedhook::cli
