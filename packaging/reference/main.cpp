// Writes the manual pages and shell completions of both programs while seedhook is built; not installed.
//   seedhook_reference PROGRAM manual TEMPLATE DATE | PROGRAM bash | PROGRAM zsh | PROGRAM fish
#include "completion.hpp"
#include "manual.hpp"
#include "program.hpp"

#include "cli/command.hpp"
#include "sandbox/options.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace seedhook;

reference::program program_named(const std::string& name) {
    if (name == "seedhook") {
        CLI::App app("", name);
        const std::vector<cli::command> kept = cli::add_commands(app); // the options they hold are pointed at
        return reference::read(app);
    }
    CLI::App app("", name);
    sandbox::options chosen;
    sandbox::add_options(app, chosen);
    return reference::read(app);
}

std::string contents(const char* path) {
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (text.empty()) {
        throw std::runtime_error(std::string("cannot read ") + path);
    }
    return text;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> given(argv + 1, argv + argc);
    if (given.size() < 2) {
        std::cerr << "seedhook_reference PROGRAM manual TEMPLATE DATE | PROGRAM bash|zsh|fish\n";
        return 2;
    }
    const reference::program of = program_named(given[0]);
    if (given[1] == "manual" && given.size() == 4) {
        std::cout << reference::manual(contents(argv[3]), of, std::string(cli::version()), given[3]);
    } else {
        std::cout << (given[1] == "bash"  ? bash_completion(of)
                      : given[1] == "zsh" ? zsh_completion(of)
                                          : fish_completion(of));
    }
    return 0;
}
