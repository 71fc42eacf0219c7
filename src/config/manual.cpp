// Walks the tables and writes the manual page of the file.
#include "seedhook/config/reference.hpp"

#include "config/sections.hpp"
#include "seedhook/model/text.hpp"

#include <array>
#include <cstdio>

namespace seedhook::config {
namespace {

constexpr std::string_view before_keys = R"(.SH NAME
seedhook.yaml \- configuration of seedhook
.SH SYNOPSIS
.I /etc/seedhook/seedhook.yaml
.SH DESCRIPTION
.BR seedhook (1)
reads one YAML file: the one that
.B \-c
names, or else
.IR /etc/seedhook/seedhook.yaml .
.B seedhook check
reads it as the daemon would, says what it will do, and names every mistake, with its place.
The daemon reads it again on SIGHUP; what is wrong with it then is logged, and the old configuration stays.
.SH VALUES
.TP
.B durations
have a unit:
.BR 500ms ", " 30s ", " 5m ", " 24h ", " 7d .
.TP
.B sizes
are bytes, or have a binary unit:
.BR 65536 ", " 64KiB ", " 20MiB ", " 4GiB ", " 1TiB .
.TP
.B paths
are absolute, all of them.
.TP
.B variables
work in any value:
.B ${env:NAME}
is an environment variable,
.B ${file:/path}
what a file holds, without its trailing newline, and
.B ${credential:NAME}
a file in systemd's credentials directory.
.B $${
is a plain
.BR ${ .
.PP
A key that is not known, one that is there twice, and a value that does not fit are mistakes.
.SH KEYS
.B []
stands for each element of a list.
)";

constexpr std::string_view after_keys = R"(.SH FILES
.TP
.I /etc/seedhook/seedhook.yaml
the configuration, unless
.B \-c
names another.
.SH SEE ALSO
.BR seedhook (1)
)";

// Letters that roff would take for its own are escaped; what stands between backticks is bold.
std::string roff(std::string_view text) {
    std::string out;
    bool bold = false;
    while (!text.empty()) {
        const code_point c = front_code_point(text);
        if (c.value == '`') {
            bold = !bold;
            out += bold ? "\\fB" : "\\fR";
        } else if (c.value == '\\') {
            out += "\\e";
        } else if (c.value == '-') {
            out += "\\-";
        } else if (c.value == '\'') {
            out += "\\(cq";
        } else if (c.value == '~') {
            out += "\\(ti";
        } else if (c.value >= 0x80) {
            std::array<char, 16> name{};
            std::snprintf(name.data(), name.size(), "\\[u%04X]", static_cast<unsigned>(c.value));
            out += name.data();
        } else {
            out += text.substr(0, c.length);
        }
        text.remove_prefix(c.length);
    }
    return out.starts_with('.') ? "\\&" + out : out;
}

// One entry: the key, what it takes and its default, and what it is for.
void write_keys(const std::vector<key_shape>& keys, const std::string& prefix, std::string& out) {
    for (const key_shape& k : keys) {
        const std::string path = prefix + k.key + (k.value.is_list && !k.value.keys.empty() ? "[]" : "");
        std::string takes = takes_text(k);
        if (k.required) {
            takes += "; required";
        } else if (!k.fallback.empty() && k.value.keys.empty()) {
            takes += "; default `" + k.fallback + "`";
        }
        out += ".TP\n.B " + roff(path) + "\n" + roff(takes) + "\n.br\n" + roff(k.about) + "\n";
        write_keys(k.value.keys, path + ".", out);
    }
}

} // namespace

std::string manual_page(std::string_view version) {
    std::string out = ".TH SEEDHOOK.YAML 5 \"\" \"seedhook " + roff(version) + "\" \"File formats\"\n";
    out += before_keys;
    write_keys(settings_table().describe(), "", out);
    out += after_keys;
    return out;
}

} // namespace seedhook::config
