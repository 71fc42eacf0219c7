// `seedhook events`: what happens, as it happens, until interrupted; goes on where it was when the daemon restarts.
#include "cli/control_client.hpp"
#include "cli/event_reader.hpp"
#include "cli/json_text.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>

#include <chrono>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <thread>

namespace seedhook::cli {
namespace {

constexpr std::chrono::seconds before_the_next_try(2);

struct events_options {
    control_options control;
    std::string source;
    std::string id;
    std::uint64_t after = 0;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    bool from_an_event = false;
    bool json = false;
};

// `2026-11-22T10:00:00.000Z  12  main req_1  settled  a sentence`
std::string line_for(const boost::json::object& event) {
    std::string line;
    for (const char* key : {"at", "id", "source", "requestId", "kind"}) {
        const std::string text = cell(event, key);
        line += printable(text.empty() ? std::string(none) : text) + "  ";
    }
    line += printable(first_line(event, "detail"));
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

class printer {
public:
    explicit printer(const events_options& o) : o_(o) {}

    void operator()(const std::string& data) {
        if (enough()) {
            return;
        }
        ++told_;
        if (o_.json) {
            std::cout << data << std::endl;
            return;
        }
        boost::system::error_code broken;
        const boost::json::value event = boost::json::parse(data, broken);
        std::cout << (event.is_object() ? line_for(event.get_object()) : printable(data)) << std::endl;
    }
    bool enough() const { return told_ >= o_.limit || !std::cout; }

private:
    const events_options& o_;
    std::uint64_t told_ = 0;
};

int events(const events_options& o) {
    const auto daemon = find_daemon(o.control);
    if (!daemon) {
        return report(daemon.error());
    }
    printer print(o);
    event_reader reader([&print](const std::string& data) { print(data); });
    for (bool connected = false; !print.enough();) {
        control_request r;
        r.path = "/v1/events";
        const std::string from = o.from_an_event ? std::to_string(o.after) : "";
        r.query = {
            {"source", o.source}, {"requestId", o.id}, {"after", reader.last_id().empty() ? from : reader.last_id()}};
        reader.restart();
        bool heard = false;
        const auto ended = listen(*daemon, r, [&](std::string_view piece) {
            heard = true;
            reader.read(piece);
            return !print.enough();
        });
        connected = connected || heard;
        const bool gone = !ended && ended.error().exit_code == exit_no_daemon;
        if (!ended && !(connected && gone)) {
            return report(ended.error());
        }
        if (!print.enough()) {
            if (heard) {
                std::cerr << "seedhook: the daemon has ended the stream; waiting for it to come back" << std::endl;
            }
            std::this_thread::sleep_for(before_the_next_try);
        }
    }
    return exit_done;
}

} // namespace

command add_events(CLI::App& to) {
    auto o = std::make_shared<events_options>();
    CLI::App* app = to.add_subcommand("events", "Show what happens, as it happens, until interrupted");
    add_control_options(*app, o->control);
    auto* after =
        app->add_option("--after", o->after, "begin behind this event; 0: with the oldest there is")->type_name("ID");
    app->add_option("--source", o->source, "only this source")->type_name("NAME");
    app->add_option("--task", o->id, "only the task of this requestId")->type_name("ID");
    app->add_option("--limit", o->limit, "end after so many events")->type_name("N")->default_str("");
    app->add_flag("--json", o->json, "print each event's JSON on a line of its own");
    return {app, [o, after] {
                o->from_an_event = after->count() > 0;
                return events(*o);
            }};
}

} // namespace seedhook::cli
