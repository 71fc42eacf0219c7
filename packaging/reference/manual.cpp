// See manual.hpp. The macros are those of man(7), so that every man program shows them.
#include "manual.hpp"

namespace seedhook::reference {
namespace {

// A backslash, and a full stop or quote at a line's beginning, would be commands; a plain - would become a hyphen,
// which cannot be copied into a shell.
std::string escaped(const std::string& text) {
    std::string out;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) {
            out += "\\&";
        }
        out += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
        line_begins = c == '\n';
    }
    return out;
}

// `...` in backquotes is set in bold.
std::string prose(const std::string& text) {
    std::string out;
    bool quoted = false;
    for (const char c : escaped(text)) {
        if (c == '`') {
            quoted = !quoted;
            out += quoted ? "\\fB" : "\\fR";
        } else {
            out += c;
        }
    }
    return out;
}

std::string tag_of(const argument& a) {
    std::string out;
    for (const std::string& name : a.names) {
        out += (out.empty() ? "" : ", ") + std::string("\\fB") + escaped(name) + "\\fR";
    }
    return out + (a.is_flag() ? "" : (out.empty() ? "" : " ") + std::string("\\fI") + escaped(a.value) + "\\fR");
}

std::string entry(const argument& a) {
    return ".TP\n" + tag_of(a) + "\n" + prose(a.what) + (a.preset.empty() ? "" : " (" + prose(a.preset) + ")") + "\n";
}

std::string options_of(const command& c, bool with_headings) {
    std::string out;
    std::string group;
    for (const argument& a : c.options) {
        if (with_headings && a.group != group) {
            out += ".SS " + escaped(a.group) + "\n";
            group = a.group;
        }
        out += entry(a);
    }
    return out;
}

std::string synopsis_of(const command& c, const std::string& program_name) {
    std::string out = "\\fB" + program_name + " " + c.name + "\\fR [\\fIOPTION\\fR...]";
    for (const argument& a : c.positionals) {
        const std::string name = "\\fI" + escaped(a.value) + "\\fR" + (a.repeated ? "..." : "");
        out += a.required ? " " + name : " [" + name + "]";
    }
    return out;
}

std::string commands_of(const program& p) {
    std::string out;
    for (const command& c : p.commands) {
        out += ".SS " + synopsis_of(c, p.itself.name) + "\n" + prose(c.what) + ".\n";
        for (const argument& a : c.positionals) {
            out += entry(a);
        }
        out += options_of(c, false);
        if (!c.footer.empty()) {
            out += ".PP\n" + prose(c.footer) + "\n";
        }
    }
    return out;
}

void replace(std::string& in, const std::string& mark, const std::string& by) {
    for (std::size_t at = in.find(mark); at != std::string::npos; at = in.find(mark, at + by.size())) {
        in.replace(at, mark.size(), by);
    }
}

} // namespace

std::string manual(std::string text, const program& of, const std::string& version, const std::string& date) {
    replace(text, "@OPTIONS@\n", options_of(of.itself, true));
    replace(text, "@COMMANDS@\n", commands_of(of));
    replace(text, "@VERSION@", version);
    replace(text, "@DATE@", date);
    return text;
}

} // namespace seedhook::reference
