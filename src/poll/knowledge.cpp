// Models of a source, a bounded number of them.
#include "poll/knowledge.hpp"

#include <algorithm>

namespace seedhook::poll {

void knowledge::learn_exact(std::string_view model, double seconds) {
    if (settle_times* own = times_of(model)) {
        own->learn_exact(seconds, all_.finishing(broad_prior()));
    }
    all_.learn_exact(seconds, broad_prior());
}

void knowledge::learn_between(std::string_view model, double after, double upto) {
    if (settle_times* own = times_of(model)) {
        own->learn_between(after, upto, all_.finishing(broad_prior()));
    }
    all_.learn_between(after, upto, broad_prior());
}

cells knowledge::finishing(std::string_view model) const {
    const cells of_all = all_.finishing(broad_prior());
    const auto own = models_.find(model);
    return own == models_.end() ? of_all : own->second.times.finishing(of_all);
}

settle_times* knowledge::times_of(std::string_view model) {
    if (model.empty() || model.size() > longest_name) {
        return nullptr;
    }
    const auto heard_before = [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; };
    const auto latest = std::max_element(models_.begin(), models_.end(), heard_before);
    const std::uint64_t heard = latest == models_.end() ? 1 : latest->second.heard + 1;
    auto own = models_.find(model);
    if (own == models_.end()) {
        if (models_.size() == most_models) {
            models_.erase(std::min_element(models_.begin(), models_.end(), heard_before));
        }
        own = models_.try_emplace(std::string(model)).first;
    }
    own->second.heard = heard;
    return &own->second.times;
}

} // namespace seedhook::poll
