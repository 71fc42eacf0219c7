// Reading of `${…}` references, and what they read in a real process.
#include "config/expand.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace seedhook::config {
namespace {

constexpr std::size_t most_file_bytes = 1024 * 1024;

bool is_variable_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), fits);
}

// systemd takes any plain file name for a credential.
bool is_credential_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.';
    };
    return !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), fits);
}

std::string without_newline(std::string text) {
    if (text.ends_with('\n')) {
        text.pop_back();
        if (text.ends_with('\r')) {
            text.pop_back();
        }
    }
    return text;
}

result<std::string> environment_value(const std::string& name, const variables& from) {
    if (!is_variable_name(name)) {
        return error(errc::invalid, "${env:…} needs a name of letters, digits and `_`");
    }
    if (auto value = from.environment(name)) {
        return std::move(*value);
    }
    return error(errc::not_found, "the environment variable " + name + " is not set");
}

result<std::string> file_value(const std::string& path, const variables& from) {
    if (!path.starts_with('/')) {
        return error(errc::invalid, "${file:…} needs an absolute path");
    }
    if (auto value = from.file(path)) {
        return without_newline(std::move(*value));
    }
    return error(errc::not_found, "the file " + path + " cannot be read");
}

result<std::string> credential_value(const std::string& name, const variables& from) {
    if (!is_credential_name(name)) {
        return error(errc::invalid, "${credential:…} needs a name of letters, digits, `.`, `_` and `-`");
    }
    if (from.credentials_directory.empty()) {
        return error(errc::not_found,
                     "there is no credential " + name + ": the environment variable CREDENTIALS_DIRECTORY is not set");
    }
    if (auto value = from.file(from.credentials_directory + "/" + name)) {
        return without_newline(std::move(*value));
    }
    return error(errc::not_found, "the credential " + name + " cannot be read from " + from.credentials_directory);
}

result<std::string> reference_value(std::string_view reference, const variables& from) {
    using reader = result<std::string> (*)(const std::string&, const variables&);
    constexpr std::array<std::pair<std::string_view, reader>, 3> readers{
        {{"env:", environment_value}, {"file:", file_value}, {"credential:", credential_value}}};
    for (const auto& [prefix, read] : readers) {
        if (reference.starts_with(prefix)) {
            return read(std::string(reference.substr(prefix.size())), from);
        }
    }
    return error(errc::invalid,
                 "a ${…} must be ${env:NAME}, ${file:PATH} or ${credential:NAME}; write $${ for a plain ${");
}

std::optional<std::string> read_regular_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return {};
    }
    struct stat about {};
    std::string content;
    bool whole = ::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    std::array<char, 4096> buffer{};
    while (whole) {
        const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
        if (count == 0) {
            break;
        }
        whole = count > 0 && content.size() + static_cast<std::size_t>(count) <= most_file_bytes;
        if (whole) {
            content.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }
    ::close(descriptor);
    return whole ? std::optional<std::string>(std::move(content)) : std::nullopt;
}

std::optional<std::string> read_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

} // namespace

result<std::string> expand(std::string_view raw, const variables& from) {
    std::string out;
    while (!raw.empty()) {
        if (raw.starts_with("$${")) {
            out += "${";
            raw.remove_prefix(3);
        } else if (raw.starts_with("${")) {
            const std::size_t end = raw.find('}');
            if (end == std::string_view::npos) {
                return error(errc::invalid, "a ${ that is not closed; write $${ for a plain ${");
            }
            auto value = reference_value(raw.substr(2, end - 2), from);
            if (!value) {
                return value;
            }
            out += *value;
            raw.remove_prefix(end + 1);
        } else {
            out += raw.front();
            raw.remove_prefix(1);
        }
    }
    return out;
}

variables variables::of_this_process() {
    variables v;
    v.environment = read_environment;
    v.file = read_regular_file;
    v.credentials_directory = read_environment("CREDENTIALS_DIRECTORY").value_or("");
    return v;
}

} // namespace seedhook::config
