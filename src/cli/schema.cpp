// `seedhook schema`: every key of the configuration, for editors, for people and for man.
#include "cli/command.hpp"
#include "seedhook/config/reference.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>

namespace seedhook::cli {
namespace {

using writer = std::function<std::string()>;

const std::map<std::string, writer>& formats() {
    static const std::map<std::string, writer> table{{"json", config::json_schema},
                                                     {"markdown", config::reference_table},
                                                     {"man", [] { return config::manual_page(version()); }}};
    return table;
}

} // namespace

command add_schema(CLI::App& to) {
    auto format = std::make_shared<std::string>("json");
    CLI::App* app = to.add_subcommand("schema", "Print every key of the configuration, for editors and for people");
    app->add_option("--format", *format, "json: a JSON Schema; markdown: a table; man: a manual page")
        ->type_name("FORMAT")
        ->check(CLI::IsMember(formats()))
        ->capture_default_str();
    app->footer("An editor that is told of the schema completes keys and shows mistakes while one types:\n"
                "docs/configuration.md says how.");
    return {app, [format] {
                std::cout << formats().at(*format)();
                return exit_done;
            }};
}

} // namespace seedhook::cli
