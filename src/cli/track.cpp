// `seedhook track`: tasks that were submitted elsewhere, however many.
#include "cli/control_client.hpp"
#include "cli/input.hpp"
#include "seedhook/model/task.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace seedhook::cli {
namespace {

constexpr std::size_t ids_a_request = 5000;
constexpr duration patience = std::chrono::minutes(1);

struct track_options {
    control_options control;
    std::vector<std::string> ids;
    std::string source;
    std::string model;
    std::vector<std::string> metadata;
    bool json = false;
};

struct tally {
    std::int64_t tracked = 0;
    std::int64_t known = 0;
};

attempt<std::vector<std::string>> ids_of(const track_options& o) {
    if (!o.ids.empty()) {
        for (const std::string& id : o.ids) {
            if (!valid_request_id(id)) {
                return failure(exit_usage, "seedhook: not a requestId: " + printable(id) + "\n");
            }
        }
        return o.ids;
    }
    if (input_is_a_terminal()) {
        return failure(exit_usage, "seedhook: give requestIds, or one a line on standard input\n");
    }
    const auto text = read_input("-");
    return text ? ids_in_lines(*text) : text.error();
}

attempt<control_request> request_for(std::span<const std::string> ids, const track_options& o) {
    const auto metadata = metadata_of(o.metadata);
    if (!metadata) {
        return metadata.error();
    }
    boost::json::object body;
    if (!o.source.empty()) {
        body["source"] = o.source;
    }
    if (!o.model.empty()) {
        body["model"] = o.model;
    }
    body["metadata"] = *metadata;
    body["requestIds"] = boost::json::array(ids.begin(), ids.end());
    control_request r;
    r.method = "POST";
    r.path = "/v1/tasks";
    r.body = boost::json::serialize(body);
    r.patience = patience;
    return r;
}

std::int64_t count_in(const control_answer& a, std::string_view key) {
    const auto* value = a.json.if_contains(key);
    const auto* number = value ? value->if_int64() : nullptr;
    return number ? *number : 0;
}

// Adds to `done` request by request, so that it also tells how far a failure let it come.
attempt<void> send_all(const std::vector<std::string>& ids, const daemon_address& daemon, const track_options& o,
                       tally& done) {
    std::span<const std::string> left(ids);
    while (!left.empty()) {
        const auto now = left.first(std::min(left.size(), ids_a_request));
        left = left.subspan(now.size());
        const auto request = request_for(now, o);
        if (!request) {
            return request.error();
        }
        const auto answer = ask(daemon, *request);
        if (!answer) {
            return answer.error();
        }
        if (!answer->good()) {
            return answer->refusal();
        }
        if (o.json) {
            std::cout << answer->body << '\n';
        }
        done.tracked += count_in(*answer, "tracked");
        done.known += count_in(*answer, "known");
    }
    return {};
}

int track(const track_options& o) {
    const auto ids = ids_of(o);
    if (!ids) {
        return report(ids.error());
    }
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    tally done;
    const auto sent = send_all(*ids, *daemon, o, done);
    const std::string sum =
        std::to_string(done.tracked) + " tracked, " + std::to_string(done.known) + " known before\n";
    if (!sent) {
        const bool begun = done.tracked + done.known > 0;
        return report({sent.error().exit_code, sent.error().text + (begun ? "Before that: " + sum : "")});
    }
    if (!o.json) {
        std::cout << sum;
    }
    return exit_done;
}

} // namespace

command add_track(CLI::App& to) {
    auto o = std::make_shared<track_options>();
    CLI::App* app = to.add_subcommand("track", "Wait for tasks that were submitted elsewhere");
    add_control_options(*app, o->control);
    app->add_option("ID", o->ids, "requestIds; read from standard input, one a line, when left out")->type_name("");
    app->add_option("--source", o->source, "whose tasks they are; not needed when there is only one")
        ->type_name("NAME");
    app->add_option("--model", o->model, "the model that makes them, for sinks to go by and to know when to ask")
        ->type_name("ID");
    app->add_option("--metadata", o->metadata, "kept with each task, for sinks to go by; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    app->add_flag("--json", o->json, "print the control API's JSON: one object a line, each for up to 5000 ids");
    app->footer("Blank lines and lines that begin with # do not count. To track again what is known does no harm.");
    return {app, [o] { return track(*o); }};
}

} // namespace seedhook::cli
