// `seedhook serve`: the daemon.
#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "seedhook/config/load.hpp"
#include "seedhook/daemon/daemon.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace seedhook::cli {
namespace {

int serve(const std::string& file) {
    hide_environment();
    const auto load = [file] { return config::load_file(file, config::variables::of_this_process()); };
    config::loaded first = load();
    if (!first.value) {
        return report(configuration_failure(first));
    }
    return run_daemon(std::move(*first.value), daemon_options{std::string(version()), load});
}

} // namespace

command add_serve(CLI::App& to) {
    auto file = std::make_shared<std::string>();
    CLI::App* app = to.add_subcommand("serve", "Run the daemon in the foreground");
    add_config_option(*app, *file);
    app->footer(
        "SIGTERM and SIGINT stop it once work in hand is done, or shutdown_grace is over; a second one at once.\n"
        "SIGHUP reads the configuration and the certificates again; when they are wrong the old ones stay.");
    return {app, [file] { return serve(*file); }};
}

} // namespace seedhook::cli
