// Loading of small documents with a process that is not there.
#pragma once

#include "seedhook/config/load.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::config {

struct fake_process {
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> files;
    std::string credentials_directory;

    variables reads() const {
        const auto look_up = [](const std::map<std::string, std::string>& in) {
            return [in](const std::string& key) -> std::optional<std::string> {
                const auto found = in.find(key);
                return found == in.end() ? std::nullopt : std::optional<std::string>(found->second);
            };
        };
        variables v;
        v.environment = look_up(environment);
        v.file = look_up(files);
        v.credentials_directory = credentials_directory;
        return v;
    }
};

// A whole configuration that is valid; further sections may be put behind it.
inline const std::string valid_inbound = "listeners: [{address: '127.0.0.1:8443'}]\n"                       // line 1
                                         "sources: [{name: main, path: /hooks, secrets: [open-sesame]}]\n"; // line 2

inline loaded load(const std::string& text, const fake_process& p = {}) { return load_text(text, "f.yaml", p.reads()); }

// The mistakes as people see them.
inline std::vector<std::string> mistakes(const std::string& text, const fake_process& p = {}) {
    std::vector<std::string> out;
    for (const mistake& m : load(text, p).mistakes) {
        out.push_back(m.to_string());
    }
    return out;
}

// Of a document that is valid once `text`, which begins in line 3, is put behind the inbound part.
inline std::vector<std::string> mistakes_in(const std::string& text, const fake_process& p = {}) {
    return mistakes(valid_inbound + text, p);
}

} // namespace seedhook::config

#define CHECK_LINES(actual, ...)                                                                                       \
    do {                                                                                                               \
        const std::vector<std::string> lines = actual;                                                                 \
        const std::vector<std::string> expected{__VA_ARGS__};                                                          \
        BOOST_CHECK_EQUAL_COLLECTIONS(lines.begin(), lines.end(), expected.begin(), expected.end());                   \
    } while (false)
