// The dialect is that of Python's RawConfigParser: `=` or `:`, comments only on lines of their own, keys in any case,
// deeper lines go on with the value above, repeated sections and keys are errors, [DEFAULT] stands in for what is
// missing.
#include "sinks/s3/shared_files.hpp"

#include "seedhook/async/unique_fd.hpp"
#include "seedhook/model/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

namespace seedhook::s3 {
namespace {

constexpr std::size_t most_file_bytes = 1024 * 1024;
constexpr std::string_view defaults = "DEFAULT"; // the section
constexpr std::string_view blanks = " \t\r\f\v";

using values = std::map<std::string, std::string>;

// Reads a file line by line into its sections.
class ini_reader {
public:
    std::map<std::string, values> sections;

    result<void> read(std::string_view text) {
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            if (const char* fault = take(line)) {
                return error(errc::invalid, "line " + std::to_string(number) + ": " + fault);
            }
        }
        return {};
    }

private:
    // What is wrong with the line, if anything.
    const char* take(std::string_view line) {
        const std::string_view content = trimmed(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') {
            return nullptr;
        }
        const std::size_t indent = line.find_first_not_of(blanks);
        if (value_ != nullptr && indent > indent_) {
            value_->append("\n").append(content);
            return nullptr;
        }
        indent_ = indent;
        const std::size_t close = content.rfind(']');
        if (content.front() == '[' && close != std::string_view::npos && close > 1) {
            return begin_section(std::string(content.substr(1, close - 1)));
        }
        return section_ == nullptr ? "it is in no section" : add_value(content);
    }

    const char* begin_section(std::string name) {
        const auto [at, is_new] = sections.try_emplace(std::move(name));
        section_ = &at->second;
        value_ = nullptr;
        return is_new || at->first == defaults ? nullptr : "a section of this name stands above";
    }

    const char* add_value(std::string_view content) {
        const std::size_t delimiter = content.find_first_of("=:");
        if (delimiter == std::string_view::npos || delimiter == 0) {
            return "it is neither `key = value` nor a `[section]`";
        }
        const auto [at, is_new] = section_->try_emplace(lower_case(trimmed(content.substr(0, delimiter), blanks)),
                                                        trimmed(content.substr(delimiter + 1), blanks));
        value_ = &at->second;
        return is_new ? nullptr : "the section has this key above";
    }

    values* section_ = nullptr;
    std::string* value_ = nullptr; // that deeper lines go on with
    std::size_t indent_ = 0;
};

std::string_view unquoted(std::string_view text) noexcept {
    const bool quoted =
        text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.front() == text.back();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

bool is_section_of(std::string_view section, shared_file_kind kind, std::string_view profile) {
    constexpr std::string_view word = "profile";
    if (kind == shared_file_kind::credentials || section == "default") {
        return section == profile && section != defaults;
    }
    section = trimmed(section);
    return section.starts_with(word) && section.size() > word.size() &&
           blanks.find(section[word.size()]) != std::string_view::npos &&
           unquoted(trimmed(section.substr(word.size()))) == profile;
}

} // namespace

result<std::optional<credentials>> find_keys(std::string_view text, shared_file_kind kind, std::string_view profile) {
    ini_reader file;
    if (auto read = file.read(text); !read) {
        return read.error();
    }
    // From behind: of `[default]` and `[profile default]` the second is meant.
    const auto found = std::find_if(file.sections.rbegin(), file.sections.rend(),
                                    [&](const auto& one) { return is_section_of(one.first, kind, profile); });
    if (found == file.sections.rend()) {
        return std::optional<credentials>();
    }
    values keys = found->second;
    keys.merge(file.sections[std::string(defaults)]); // only what is missing
    if (!keys.contains("aws_access_key_id")) {
        return std::optional<credentials>();
    }
    credentials out;
    out.access_key_id = keys["aws_access_key_id"];
    out.secret_access_key = config::secret(keys["aws_secret_access_key"]);
    out.session_token =
        config::secret(keys.contains("aws_security_token") ? keys["aws_security_token"] : keys["aws_session_token"]);
    if (out.access_key_id.empty() || out.secret_access_key.empty()) {
        return error(errc::unauthorized, "aws_access_key_id and aws_secret_access_key go together");
    }
    auto fit = fit_to_send(std::move(out));
    return fit ? result<std::optional<credentials>>(std::move(*fit)) : fit.error();
}

result<std::string> read_small_file(const std::string& path) {
    const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // waits for no FIFO
    struct stat about {};
    if (!file || ::fstat(file.get(), &about) != 0) {
        return errno_error(path, errno);
    }
    if (!S_ISREG(about.st_mode)) {
        return error(errc::invalid, path + ": not a regular file");
    }
    std::string content;
    std::array<char, 4096> buffer{};
    while (content.size() <= most_file_bytes) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0) {
            return errno_error(path, errno);
        }
        if (count == 0) {
            return content;
        }
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return error(errc::invalid, path + ": larger than 1 MiB");
}

result<credentials> fit_to_send(credentials what) {
    const auto printable_from = [](char first) { return [first](char c) { return c >= first && c != 0x7f; }; };
    const auto fits = [](const std::string& text, auto rule) { return std::all_of(text.begin(), text.end(), rule); };
    const auto bad = [](const char* which) {
        return error(errc::invalid, std::string(which) + " has characters that none has: a line end behind it?");
    };
    if (!fits(what.access_key_id, printable_from('!'))) {
        return bad("the access key's id");
    }
    if (!fits(what.session_token.reveal(), printable_from('!'))) {
        return bad("the session token");
    }
    if (!fits(what.secret_access_key.reveal(),
              [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; })) {
        return bad("the secret access key");
    }
    return what;
}

} // namespace seedhook::s3
