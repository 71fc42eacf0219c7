// The command line as a whole: one table of commands, usage errors, exit codes.
#include "seedhook/cli/cli.hpp"

#include "cli/command.hpp"
#include "seedhook/config/load.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <vector>

namespace seedhook::cli {
namespace {

constexpr std::array commands{add_serve, add_check,  add_submit,    add_track,  add_tasks,
                              add_show,  add_events, add_redeliver, add_cancel, add_models,
                              add_sign,  add_doctor, add_health,    add_schema, add_version};

int run_parsed(const std::vector<command>& known) {
    const auto given = std::find_if(known.begin(), known.end(), [](const command& c) { return c.app->parsed(); });
    const int code = given->run();
    std::cout.flush();
    if (!std::cout && code == exit_done) {
        return report({exit_failed, "seedhook: standard output cannot be written\n"});
    }
    return code;
}

} // namespace

int report(const failure& why) {
    std::cerr << why.text << std::flush;
    return why.exit_code;
}

void add_config_option(CLI::App& to, std::string& into) {
    into = default_config_file;
    to.add_option("-c,--config", into, "the configuration")->type_name("FILE")->capture_default_str();
}

failure configuration_failure(const config::loaded& wrong) {
    std::string text;
    for (const config::mistake& m : wrong.mistakes) {
        text += m.to_string() + "\n";
    }
    return {exit_configuration, std::move(text)};
}

std::vector<command> add_commands(CLI::App& to) {
    std::vector<command> known;
    for (const auto& add : commands) {
        known.push_back(add(to));
    }
    return known;
}

int run(int argc, char** argv) {
    CLI::App app("Takes Seedance webhooks, and gets every finished video to every sink, whole, once.", "seedhook");
    app.require_subcommand(1);
    const std::vector<command> known = add_commands(app);
    // Afterwards, since commands inherit the footer that is there when they are added.
    app.footer("Exit codes: 0 done, 1 failed, 2 usage, 69 no daemon to talk to, 78 configuration.\n"
               "`seedhook COMMAND --help` says what a command does.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        const bool asked_for_help = app.exit(e, std::cout, std::cerr) == 0;
        return asked_for_help ? exit_done : exit_usage;
    }
    try {
        return run_parsed(known);
    } catch (const std::exception& e) {
        return report({exit_failed, std::string("seedhook: a bug: ") + e.what() + "\n"});
    }
}

} // namespace seedhook::cli
