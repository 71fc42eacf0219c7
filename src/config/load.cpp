// From a file to settings: reading, parsing, the tables, and what is odd in a valid whole.
#include "seedhook/config/load.hpp"

#include "config/document.hpp"
#include "config/rules.hpp"
#include "config/sections.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace seedhook::config {
namespace {

constexpr std::size_t enough_bytes = 1024 * 1024 + 1; // the parser refuses more than 1 MiB

std::variant<std::string, mistake> read_whole(const std::string& path) {
    const auto fault = [&path](int number) {
        return mistake{path, 0, 0, "", std::string("cannot be read: ") + std::strerror(number)};
    };
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fault(errno);
    }
    std::string content;
    std::array<char, 16384> buffer{};
    ssize_t count = 1;
    while (count > 0 && content.size() < enough_bytes) {
        count = ::read(descriptor, buffer.data(), buffer.size());
        content.append(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    const int number = errno;
    ::close(descriptor);
    if (count < 0) {
        return fault(number);
    }
    return content;
}

loaded read_text(std::string_view text, const std::string& file, const variables& from,
                 const section<settings>& table) {
    auto parsed = parse_document(text, file);
    loaded out;
    if (auto* wrong = std::get_if<mistake>(&parsed)) {
        out.mistakes.push_back(std::move(*wrong));
        return out;
    }
    reading pass(file, from);
    settings value;
    table.read(place(pass, std::get<node>(parsed), ""), value);
    out.mistakes = pass.take();
    if (out.mistakes.empty()) {
        out.value = std::move(value);
    }
    return out;
}

loaded read_file(const std::string& path, const variables& from, const section<settings>& table) {
    auto content = read_whole(path);
    if (auto* wrong = std::get_if<mistake>(&content)) {
        loaded out;
        out.mistakes.push_back(std::move(*wrong));
        return out;
    }
    return read_text(std::get<std::string>(content), path, from, table);
}

} // namespace

loaded load_file(const std::string& path, const variables& from) { return read_file(path, from, settings_table()); }

loaded load_text(std::string_view text, const std::string& file_name, const variables& from) {
    return read_text(text, file_name, from, settings_table());
}

loaded_control load_control(const std::string& path, const variables& from) {
    loaded whole = read_file(path, from, control_only_table());
    loaded_control out;
    if (whole.value) {
        out.value = std::move(whole.value->control);
    }
    out.mistakes = std::move(whole.mistakes);
    return out;
}

std::vector<std::string> warnings(const settings& s) {
    std::vector<std::string> out;
    for (const source& of : s.sources) {
        if (of.verify == verify_kind::none) {
            out.push_back("source " + of.name + " has verify: none: anybody who can reach " + of.path +
                          " can send callbacks in its name");
        } else if (of.verify == verify_kind::confirm) {
            out.push_back("source " + of.name + " has verify: confirm and no signatures: anybody who can reach " +
                          of.path + " can make us ask the API");
        }
        if (!of.api) {
            out.push_back("source " + of.name +
                          " has no api: its tasks are never asked about, and one whose callback "
                          "is lost never arrives");
        }
    }
    for (const listener& at : s.listeners) {
        if (at.tls.empty() && !is_local_address(at.address)) {
            out.push_back("listener " + at.address + " has plaintext: true: what it receives can be read and replayed");
        }
    }
    if (s.gateway && s.gateway->tls.empty() && !is_local_address(s.gateway->address)) {
        out.push_back("gateway " + s.gateway->address +
                      " has plaintext: true: its token and what apps send can be "
                      "read");
    }
    if (s.control.tls.empty() && !is_local_address(s.control.address)) {
        out.push_back("control " + s.control.address +
                      " has plaintext: true: its token, and what it is used for, can be read");
    }
    if (!s.control.client_ca.empty()) {
        out.emplace_back(
            "control.client_ca: seedhook's own commands, `health` among them, have no certificate to show and "
            "cannot use it");
    }
    if (s.sinks.empty()) {
        out.emplace_back("there are no sinks: tasks are recorded, and no video is fetched");
    }
    for (const sink& to : s.sinks) {
        const bool by_content_alone = to.s3 && to.s3->key.find("{requestId}") == std::string::npos;
        const bool has_no_content = std::any_of(to.routes.on.begin(), to.routes.on.end(),
                                                [](task_status status) { return status != task_status::succeeded; });
        if (by_content_alone && has_no_content) {
            out.push_back("sink " + to.name +
                          " takes tasks without a video, and its key has no {requestId}: their documents "
                          "replace each other");
        }
    }
    if (!s.fetch.allow_cidrs.empty()) {
        out.emplace_back("fetch.allow_cidrs: a video's URL may lead into networks that are not public");
    }
    return out;
}

} // namespace seedhook::config
