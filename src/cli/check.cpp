// `seedhook check`: is the configuration right, and what will the daemon do with it.
#include "cli/check_text.hpp"
#include "cli/command.hpp"
#include "seedhook/config/load.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

struct check_options {
    std::string file;
    bool json = false;
};

int check(const check_options& o) {
    const config::loaded l = config::load_file(o.file, config::variables::of_this_process());
    if (o.json) {
        std::cout << check_json(l) << '\n';
    } else if (l.value) {
        std::cout << check_text(o.file, *l.value);
    }
    return l.value ? exit_done : report(configuration_failure(l));
}

} // namespace

command add_check(CLI::App& to) {
    auto o = std::make_shared<check_options>();
    CLI::App* app = to.add_subcommand("check", "Validate the configuration and say what it will do");
    add_config_option(*app, o->file);
    app->add_flag("--json", o->json, "print JSON");
    app->footer("Nothing is opened or connected to. Every mistake goes to standard error, and the exit code is 78.\n"
                "No secret is shown.");
    return {app, [o] { return check(*o); }};
}

} // namespace seedhook::cli
