// Completion for zsh, with _arguments; zshcompsys(1).
#include "completion.hpp"

namespace seedhook::reference {
namespace {

// Within the single quotes of a specification.
std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c == '[' || c == ']' || c == ':' || c == '\\' ? "\\" : "";
            out += c;
        }
    }
    return out;
}

std::string action_of(const argument& a) {
    if (a.takes_file()) {
        return "_files";
    }
    if (a.takes_task()) {
        return "_seedhook_tasks";
    }
    std::string words;
    for (const std::string& word : a.words) {
        words += (words.empty() ? "" : " ") + word;
    }
    return words.empty() ? " " : "(" + words + ")";
}

// `'(-c --config)'{-c,--config}'[the configuration]:FILE:_files'`
std::string specification(const argument& a) {
    std::string all;
    std::string braces;
    for (const std::string& name : a.names) {
        all += (all.empty() ? "" : " ") + name;
        braces += (braces.empty() ? "" : ",") + name;
    }
    std::string out = a.repeated ? "'*'" : "'(" + all + ")'";
    out += a.names.size() > 1 ? "{" + braces + "}'" : "'" + braces;
    out += "[" + quoted(a.what) + "]";
    return out + (a.is_flag() ? "" : ":" + quoted(a.value) + ":" + action_of(a)) + "'";
}

std::string positional(const argument& a, std::size_t place) {
    return "'" + (a.repeated ? std::string("*") : std::to_string(place)) + ":" + quoted(a.value) + ":" + action_of(a) +
           "'";
}

std::string arguments_of(const command& c, const std::string& indent) {
    std::string out = indent + "_arguments";
    for (const argument& a : c.options) {
        out += " \\\n" + indent + "    " + specification(a);
    }
    std::size_t place = 0;
    for (const argument& a : c.positionals) {
        out += " \\\n" + indent + "    " + positional(a, ++place);
    }
    return out + "\n";
}

constexpr const char* task_function = R"sh(_seedhook_tasks() {
    local -a where ids
    local i
    for ((i = 2; i < CURRENT; ++i)); do
        case $words[i] in
        -c | --config | --control) where+=($words[i] $words[i+1]) ;;
        esac
    done
    ids=(${(f)"$(seedhook tasks $where --limit 200 --json 2>/dev/null | grep -o '"requestId": *"[^"]*"' | cut -d '"' -f 4)"})
    compadd -a ids
}
)sh";

std::string with_commands(const program& p) {
    std::string out = std::string(task_function) +
                      "\n_seedhook() {\n    local context state state_descr line\n"
                      "    typeset -A opt_args\n    _arguments -C '(-h --help)'{-h,--help}'[" +
                      quoted(p.itself.options.front().what) +
                      "]' '1: :->command' '*:: :->arguments' && return\n"
                      "    case $state in\n    command)\n        local -a commands=(\n";
    for (const command& c : p.commands) {
        out += "            '" + c.name + ":" + quoted(c.what) + "'\n";
    }
    out += "        )\n        _describe command commands\n        ;;\n    arguments)\n        case $line[1] in\n";
    for (const command& c : p.commands) {
        out += "        " + c.name + ")\n" + arguments_of(c, "            ") + "            ;;\n";
    }
    return out + "        esac\n        ;;\n    esac\n}\n\n_seedhook \"$@\"\n";
}

} // namespace

std::string zsh_completion(const program& p) {
    const std::string head = "#compdef " + p.itself.name + "\n# made from its command line, when it is built\n\n";
    return head + (p.commands.empty() ? arguments_of(p.itself, "") : with_commands(p));
}

} // namespace seedhook::reference
