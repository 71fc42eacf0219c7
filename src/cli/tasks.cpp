// `seedhook tasks`: the tasks that the daemon knows, newest first.
#include "cli/control_client.hpp"
#include "cli/task_text.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

constexpr std::uint64_t page_size = 500; // the most that the control API gives at once
constexpr std::uint64_t usual_limit = 50;

struct tasks_options {
    control_options control;
    std::string stage;
    std::string status;
    std::string source;
    std::string text;
    std::uint64_t limit = usual_limit;
    bool all = false;
    bool json = false;
};

std::string next_cursor(const control_answer& page) {
    const auto* next = page.json.if_contains("next");
    const auto* text = next ? next->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

control_request page_request(const tasks_options& o, std::uint64_t limit, const std::string& cursor) {
    control_request r;
    r.path = "/v1/tasks";
    r.query = {{"stage", o.stage},
               {"status", o.status},
               {"source", o.source},
               {"q", o.text},
               {"limit", std::to_string(std::min(limit, page_size))},
               {"cursor", cursor}};
    return r;
}

// Calls `use` with each page until `limit` tasks have come or there are no more; returns the cursor of what is left.
template <class Use>
attempt<std::string> for_each_page(const daemon_address& daemon, const tasks_options& o, Use use) {
    std::uint64_t left = o.all ? std::numeric_limits<std::uint64_t>::max() : o.limit;
    std::string cursor;
    do {
        const auto page = ask(daemon, page_request(o, left, cursor));
        if (!page) {
            return page.error();
        }
        const auto* tasks = page->json.if_contains("tasks");
        if (!page->good() || !tasks || !tasks->is_array()) {
            return page->refusal();
        }
        use(*page, tasks->get_array());
        left -= std::min<std::uint64_t>(left, tasks->get_array().size());
        cursor = next_cursor(*page);
    } while (left > 0 && !cursor.empty());
    return cursor;
}

int tasks(const tasks_options& o) {
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    boost::json::array found;
    const auto use = [&](const control_answer& page, const boost::json::array& tasks) {
        if (o.json) {
            std::cout << page.body << '\n'; // as it came: reading and writing it again would round long numbers
        } else {
            found.insert(found.end(), tasks.begin(), tasks.end());
        }
    };
    const auto rest = for_each_page(*daemon, o, use);
    if (!rest) {
        return report(rest.error());
    }
    if (!o.json) {
        std::cout << tasks_table(found, system_clock().now());
        if (!rest->empty()) {
            std::cerr << "There are more: --all, or a larger --limit, shows them.\n";
        }
    }
    return exit_done;
}

} // namespace

command add_tasks(CLI::App& to) {
    auto o = std::make_shared<tasks_options>();
    CLI::App* app = to.add_subcommand("tasks", "List tasks, newest first");
    add_control_options(*app, o->control);
    const auto one_of = [](std::vector<std::string> words) { return CLI::IsMember(std::move(words)).description(""); };
    app->add_option("--stage", o->stage, "only this stage: waiting, fetching, delivering, done or stuck")
        ->type_name("STAGE")
        ->check(one_of({"waiting", "fetching", "delivering", "done", "stuck"}));
    app->add_option("--status", o->status,
                    "only this status: queued, processing, succeeded, failed, cancelled or expired")
        ->type_name("STATUS")
        ->check(one_of({"queued", "processing", "succeeded", "failed", "cancelled", "expired"}));
    app->add_option("--source", o->source, "only this source")->type_name("NAME");
    app->add_option("-q", o->text, "only tasks with this in their requestId")->type_name("TEXT");
    auto* limit = app->add_option("--limit", o->limit, "at most so many")
                      ->type_name("N")
                      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
                      ->capture_default_str();
    app->add_flag("--all", o->all, "all of them")->excludes(limit);
    app->add_flag("--json", o->json, "print the control API's JSON: one object a line, each with up to 500 tasks");
    return {app, [o] { return tasks(*o); }};
}

} // namespace seedhook::cli
