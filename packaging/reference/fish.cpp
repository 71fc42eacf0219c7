// Completion for fish.
#include "completion.hpp"

namespace seedhook::reference {
namespace {

std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += c == '\'' || c == '\\' ? "\\" : "";
        out += c;
    }
    return "'" + out + "'";
}

std::string line_of(const argument& a, const std::string& beginning) {
    std::string out = beginning;
    for (const std::string& name : a.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!a.is_flag()) {
        std::string words;
        for (const std::string& word : a.words) {
            words += (words.empty() ? "" : " ") + word;
        }
        out += a.takes_file() ? " -r -F" : " -x";
        out += words.empty() ? "" : " -a " + quoted(words);
    }
    return out + " -d " + quoted(a.what) + "\n";
}

} // namespace

std::string fish_completion(const program& p) {
    const std::string& name = p.itself.name;
    const std::string beginning = "complete -c " + name;
    std::string out =
        "# fish completion for " + name + "; made from its command line, when it is built\n\n" + beginning + " -f\n";
    for (const argument& a : p.itself.options) {
        out += line_of(a, beginning + (p.commands.empty() ? "" : " -n __fish_use_subcommand"));
    }
    if (p.commands.empty()) {
        return out;
    }
    out += R"(
function __seedhook_tasks
    type -q seedhook; or return
    set -l given (commandline -opc)
    set -l where
    for i in (seq 2 (count $given))
        if contains -- $given[$i] -c --config --control
            set -a where $given[$i] $given[(math $i + 1)]
        end
    end
    seedhook tasks $where --limit 200 --json 2>/dev/null | string match -ra '"requestId": *"[^"]*"' | string split -f 4 '"'
end
)";
    for (const command& c : p.commands) {
        out += "\n" + beginning + " -n __fish_use_subcommand -a " + c.name + " -d " + quoted(c.what) + "\n";
        const std::string of_command = beginning + " -n '__fish_seen_subcommand_from " + c.name + "'";
        for (const argument& a : c.options) {
            out += line_of(a, of_command);
        }
        for (const argument& a : c.positionals) {
            out += a.takes_task() ? of_command + " -a '(__seedhook_tasks)'\n" : "";
        }
    }
    return out;
}

} // namespace seedhook::reference
