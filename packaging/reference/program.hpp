// A program's command line as plain values, read from the very definitions that parse it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace seedhook::reference {

struct argument {
    std::vector<std::string> names; // `-c`, `--config`; of a positional none
    std::string value;              // `FILE`, or the positional's name; empty for a flag
    std::string what;
    std::string preset;             // the default, where the help shows one
    std::string group;              // the heading it stands under
    std::vector<std::string> words; // what it takes, where that is a choice
    bool required = false;
    bool repeated = false;

    bool is_flag() const noexcept { return !names.empty() && value.empty(); }
    bool takes_file() const noexcept { return value == "FILE"; }
    bool takes_task() const noexcept { return value == "ID" && names.empty() && required; }
};

struct command {
    std::string name; // `tasks`; the program's own for the program itself
    std::string what;
    std::string footer;
    std::vector<argument> options; // in the help's order
    std::vector<argument> positionals;
};

struct program {
    command itself;
    std::vector<command> commands; // none: the program has only options
};

program read(CLI::App& app);

} // namespace seedhook::reference
