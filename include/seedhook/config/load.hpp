// From a YAML file to settings, with every mistake at once.
#pragma once

#include "seedhook/config/config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::config {

// One mistake, for a person: `FILE:LINE:COLUMN: sinks[0].pth: unknown key; did you mean "path"?`
struct mistake {
    std::string file;
    int line = 0;   // from 1; 0: the file as a whole
    int column = 0; // from 1
    std::string key;
    std::string message;

    std::string to_string() const;
};

// What `${…}` reads, so that tests can stand in for it.
struct variables {
    std::function<std::optional<std::string>(const std::string& name)> environment;
    std::function<std::optional<std::string>(const std::string& path)> file;
    std::string credentials_directory; // empty: none
    static variables of_this_process();
};

struct loaded {
    std::optional<settings> value; // none when there are mistakes
    std::vector<mistake> mistakes; // in the order of the file
};

// Unknown keys, wrong types, bad values, unset variables and contradictions between keys are mistakes. Never throws
// for what the file holds.
loaded load_file(const std::string& path, const variables& from);
loaded load_text(std::string_view text, const std::string& file_name, const variables& from);

// Only `control` of a file, for commands whose user may not be allowed to read its secrets: no variable elsewhere is
// looked at, and no mistake elsewhere is found.
struct loaded_control {
    std::optional<control> value; // none when there are mistakes
    std::vector<mistake> mistakes;
};
loaded_control load_control(const std::string& path, const variables& from);

// What a person should know of a configuration that is valid: a source with `verify: none`, a plaintext listener.
std::vector<std::string> warnings(const settings& s);

} // namespace seedhook::config
