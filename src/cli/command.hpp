// What the commands share: how one is added, how one ends, and the options that several have.
#pragma once

#include <boost/system/result.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace seedhook::config {
struct loaded;
}

namespace seedhook::cli {

// The exit codes of SPEC §8; 69 and 78 are sysexits(3)'s.
inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_no_daemon = 69;
inline constexpr int exit_configuration = 78;

// Why a command ends without having done its work. `text` goes to standard error as it is.
struct failure {
    failure() = default; // boost's result wants it
    failure(int code, std::string why) : exit_code(code), text(std::move(why)) {}

    int exit_code = exit_failed;
    std::string text;
};

template <class T>
using attempt = boost::system::result<T, failure>;

// Says why on standard error; returns the exit code.
int report(const failure& why);

// A command once it has been added to the command line: `run` is called when it is the one that was given.
struct command {
    CLI::App* app;
    std::function<int()> run;
};

// All of them, in the help's order. The options of a command live as long as its `run`.
std::vector<command> add_commands(CLI::App& to);

command add_serve(CLI::App& to);
command add_check(CLI::App& to);
command add_submit(CLI::App& to);
command add_track(CLI::App& to);
command add_tasks(CLI::App& to);
command add_show(CLI::App& to);
command add_events(CLI::App& to);
command add_redeliver(CLI::App& to);
command add_cancel(CLI::App& to);
command add_models(CLI::App& to);
command add_sign(CLI::App& to);
command add_doctor(CLI::App& to);
command add_schema(CLI::App& to);
command add_health(CLI::App& to);
command add_version(CLI::App& to);

// `-c FILE`; `into` keeps the default when it is not given.
inline constexpr std::string_view default_config_file = "/etc/seedhook/seedhook.yaml";
void add_config_option(CLI::App& to, std::string& into);

// All mistakes, one a line, as a failure with the configuration's exit code.
failure configuration_failure(const config::loaded& wrong);

// `0.1.0`
std::string_view version() noexcept;

} // namespace seedhook::cli
