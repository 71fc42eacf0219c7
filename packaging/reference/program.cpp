// See program.hpp. CLI11 does not tell which words a validator takes: those of the description are tried.
#include "program.hpp"

#include <CLI/CLI.hpp>

#include <cctype>

namespace seedhook::reference {
namespace {

bool passes(CLI::Option& option, std::string word) {
    for (int i = 0;; ++i) {
        try {
            if (!(*option.get_validator(i))(word).empty()) {
                return false;
            }
        } catch (const CLI::OptionNotFound&) {
            return i > 0; // of none it is not known
        } catch (const CLI::ValidationError&) {
            return false; // a validator that changes the text, such as of a size, throws
        }
    }
}

std::vector<std::string> words_of(CLI::Option& option) {
    std::vector<std::string> taken;
    std::string word;
    for (const char c : option.get_description() + " ") {
        if (std::islower(static_cast<unsigned char>(c)) != 0) {
            word += c;
            continue;
        }
        const bool known = std::find(taken.begin(), taken.end(), word) != taken.end();
        if (!word.empty() && !known && passes(option, word)) {
            taken.push_back(word);
        }
        word.clear();
    }
    return taken;
}

argument read(CLI::Option& option) {
    argument a;
    for (const std::string& name : option.get_snames()) {
        a.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
        a.names.push_back("--" + name);
    }
    a.value = option.get_positional() ? option.get_name(true) : option.get_type_name();
    a.what = option.get_description();
    a.preset = option.get_default_str();
    a.group = option.get_group();
    a.required = option.get_required();
    a.repeated = option.get_expected_max() > 1;
    if (!a.is_flag() && !option.get_positional()) {
        a.words = words_of(option);
    }
    return a;
}

command read_command(CLI::App& app) {
    command c{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
    for (CLI::Option* option : app.get_options()) {
        (option->get_positional() ? c.positionals : c.options).push_back(read(*option));
    }
    return c;
}

} // namespace

program read(CLI::App& app) {
    program p{read_command(app), {}};
    for (CLI::App* sub : app.get_subcommands({})) {
        p.commands.push_back(read_command(*sub));
    }
    return p;
}

} // namespace seedhook::reference
