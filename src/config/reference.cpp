// Walks the tables and writes one line a key.
#include "seedhook/config/reference.hpp"

#include "config/sections.hpp"

namespace seedhook::config {
namespace {

// Bars end a cell in Markdown.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return out;
}

void write_rows(const std::vector<key_shape>& keys, const std::string& prefix, std::string& out) {
    for (const key_shape& k : keys) {
        const std::string path = prefix + k.key + (k.value.is_list && !k.value.keys.empty() ? "[]" : "");
        const std::string fallback = k.required                                    ? "required"
                                     : k.fallback.empty() || !k.value.keys.empty() ? ""
                                                                                   : "`" + k.fallback + "`";
        out += "| `" + path + "` | " + cell(takes_text(k)) + " | " + cell(fallback) + " | " + cell(k.about) + " |\n";
        write_rows(k.value.keys, path + ".", out);
    }
}

} // namespace

std::string takes_text(const key_shape& k) {
    if (!k.value.keys.empty()) {
        return k.value.is_list ? "a list of sections" : "a section";
    }
    return k.value.is_list ? "a list, each " + k.value.form : k.value.form;
}

std::string reference_table() {
    std::string out = "| key | takes | default | what for |\n|---|---|---|---|\n";
    write_rows(settings_table().describe(), "", out);
    return out;
}

} // namespace seedhook::config
