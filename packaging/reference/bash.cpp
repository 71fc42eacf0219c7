// Completion for bash, without the package bash-completion's functions: only what bash itself has.
#include "completion.hpp"

namespace seedhook::reference {
namespace {

std::string joined(const std::vector<std::string>& all, const char* separator = " ") {
    std::string out;
    for (const std::string& one : all) {
        out += (out.empty() ? "" : separator) + one;
    }
    return out;
}

std::string option_names(const command& c) {
    std::string out;
    for (const argument& a : c.options) {
        out += (out.empty() ? "" : " ") + joined(a.names);
    }
    return out;
}

// What may follow: an option's value, for those options that take one.
std::string value_cases(const command& c) {
    std::string out;
    for (const argument& a : c.options) {
        if (a.is_flag()) {
            continue;
        }
        out += "            " + joined(a.names, " | ") + ") ";
        out += a.takes_file()    ? "_seedhook_files"
               : a.words.empty() ? "COMPREPLY=()"
                                 : "_seedhook_words '" + joined(a.words) + "'";
        out += "; return ;;\n";
    }
    return out;
}

std::string command_case(const command& c) {
    std::string out = "    " + c.name + ")\n";
    const std::string values = value_cases(c);
    if (!values.empty()) {
        out += "        case $previous in\n" + values + "        esac\n";
    }
    out += "        if [[ $current == -* ]]; then _seedhook_words '" + option_names(c) + "'";
    for (const argument& a : c.positionals) {
        out += a.takes_task() ? "; else _seedhook_tasks" : "";
    }
    return out + "; fi\n        ;;\n";
}

std::string functions() {
    return R"sh(_seedhook_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }

_seedhook_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); }
)sh";
}

// The daemon is asked as the command would ask it; nothing is offered when it does not answer.
std::string task_function() {
    return R"sh(
_seedhook_tasks() {
    local i words where=()
    read -ra words <<< "$COMP_LINE" # COMP_WORDS has addresses in pieces
    for ((i = 1; i < ${#words[@]}; ++i)); do
        case ${words[i]} in
        -c | --config | --control) where+=("${words[i]}" "${words[i + 1]-}") ;;
        esac
    done
    _seedhook_words "$("${words[0]}" tasks "${where[@]}" --limit 200 --json 2>/dev/null |
        grep -o '"requestId": *"[^"]*"' | cut -d '"' -f 4)"
}
)sh";
}

} // namespace

std::string bash_completion(const program& p) {
    const std::string& name = p.itself.name;
    std::string shell_name = name;
    for (char& c : shell_name) {
        c = c == '-' ? '_' : c;
    }
    std::string out =
        "# bash completion for " + name + "; made from its command line, when it is built\n\n" + functions();
    std::string cases = command_case(p.itself);
    std::vector<std::string> commands;
    for (const command& c : p.commands) {
        commands.push_back(c.name);
        cases += command_case(c);
    }
    out += p.commands.empty() ? "" : task_function();
    out += "\n_complete_" + shell_name +
           "() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=" +
           name +
           "\n"
           "    COMPREPLY=()\n";
    if (!commands.empty()) {
        out += "    if ((COMP_CWORD > 1)); then command=${COMP_WORDS[1]}; fi\n"
               "    if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then _seedhook_words '" +
               joined(commands) + "'; return; fi\n";
    }
    return out + "    case $command in\n" + cases + "    esac\n}\ncomplete -F _complete_" + shell_name + " " + name +
           "\n";
}

} // namespace seedhook::reference
