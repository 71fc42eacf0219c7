// Names of certificates, sorted out once so that a handshake only looks them up.
#include "tls/name_table.hpp"

#include "seedhook/model/text.hpp"

#include <algorithm>

namespace seedhook::tls {
namespace {

// `*.example.com` for `a.example.com`; nothing for a name of one label.
std::string wildcard_of(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos || name.starts_with('*') ? std::string() : "*" + std::string(name.substr(dot));
}

using certificate_list = std::vector<name_table::certificate>;

// Adds those of `more` whose kind is not there yet.
void add(std::vector<std::size_t>& choice, const std::vector<std::size_t>& more, const certificate_list& all) {
    for (const std::size_t candidate : more) {
        const bool there = std::any_of(choice.begin(), choice.end(),
                                       [&](std::size_t chosen) { return all[chosen].kind == all[candidate].kind; });
        if (!there) {
            choice.push_back(candidate);
        }
    }
}

} // namespace

name_table::name_table(const certificate_list& certificates) {
    std::map<std::string, std::vector<std::size_t>, std::less<>> holders;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        for (const std::string& name : certificates[i].names) {
            holders[lower_case(name)].push_back(i);
        }
    }
    const auto choice_for = [&](const std::string& name, std::vector<std::size_t> choice) {
        for (const std::string& pattern : {name, wildcard_of(name)}) {
            if (const auto found = holders.find(pattern); found != holders.end()) {
                add(choice, found->second, certificates);
            }
        }
        return choice;
    };
    const std::vector<std::string>& first = certificates.front().names;
    index_of(choice_for(first.empty() ? std::string() : lower_case(first.front()), {0}));
    for (const auto& [name, ignored] : holders) {
        by_name_[name] = index_of(choice_for(name, {}));
    }
}

std::size_t name_table::find(std::string_view host) const {
    std::string name = lower_case(host);
    if (name.ends_with('.')) {
        name.pop_back();
    }
    for (const std::string& pattern : {name, wildcard_of(name)}) {
        if (const auto found = by_name_.find(pattern); found != by_name_.end()) {
            return found->second;
        }
    }
    return 0;
}

std::size_t name_table::index_of(std::vector<std::size_t> choice) {
    std::sort(choice.begin(), choice.end());
    const auto known = std::find(choices_.begin(), choices_.end(), choice);
    if (known != choices_.end()) {
        return static_cast<std::size_t>(known - choices_.begin());
    }
    choices_.push_back(std::move(choice));
    return choices_.size() - 1;
}

} // namespace seedhook::tls
