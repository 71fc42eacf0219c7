// See input.hpp.
#include "cli/input.hpp"

#include "seedhook/model/task.hpp"
#include "seedhook/model/text.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace seedhook::cli {
namespace {

failure unreadable(const std::string& from, const std::string& why) {
    return {exit_failed, "seedhook: " + printable(from) + " cannot be read" + why + "\n"};
}

} // namespace

attempt<std::string> read_input(const std::string& from) {
    std::ifstream file;
    if (from != "-") {
        file.open(from, std::ios::binary);
        if (!file) {
            return unreadable(from, std::string(": ") + std::strerror(errno));
        }
    }
    std::istream& in = from == "-" ? std::cin : file;
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (in.bad()) {
        return unreadable(from, "");
    }
    return text;
}

bool input_is_a_terminal() { return ::isatty(STDIN_FILENO) == 1; }

attempt<std::vector<std::string>> ids_in_lines(std::string_view text) {
    std::vector<std::string> ids;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string_view id = trimmed(line, " \t\r");
        if (id.empty() || id.front() == '#') {
            continue;
        }
        if (!valid_request_id(id)) {
            return failure(exit_failed, "seedhook: line " + std::to_string(number) + " is no requestId: " +
                                            printable(id.substr(0, 150)) + "\nNothing was sent.\n");
        }
        ids.emplace_back(id);
    }
    return ids;
}

attempt<boost::json::object> metadata_of(const std::vector<std::string>& pairs) {
    boost::json::object all;
    for (const std::string& pair : pairs) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) {
            return failure(exit_usage, "seedhook: --metadata needs KEY=VALUE, not " + printable(pair) + "\n");
        }
        const std::string key = pair.substr(0, equals);
        if (!all.emplace(key, pair.substr(equals + 1)).second) {
            return failure(exit_usage, "seedhook: --metadata has the key " + printable(key) + " twice\n");
        }
    }
    return all;
}

} // namespace seedhook::cli
