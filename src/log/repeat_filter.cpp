// Counting lines that are not written.
#include "log/repeat_filter.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace seedhook::log {

bool repeat_filter::admit(std::string_view key, time now) {
    const auto known = states_.find(key);
    if (known != states_.end() && now - known->second.since < period_) {
        ++known->second.lines;
        return false;
    }
    if (known != states_.end()) {
        end_silence(known);
    } else if (states_.size() >= most_keys_) {
        const auto earlier = [](const auto& a, const auto& b) { return a.second.since < b.second.since; };
        end_silence(std::min_element(states_.begin(), states_.end(), earlier));
    }
    states_.emplace(key, state{now});
    return true;
}

std::vector<silence> repeat_filter::take_ended(time now) {
    for (auto next = states_.begin(); next != states_.end();) {
        next = now - next->second.since < period_ ? std::next(next) : end_silence(next);
    }
    return std::exchange(ended_, {});
}

repeat_filter::table::iterator repeat_filter::end_silence(table::iterator which) {
    if (which->second.lines > 0 && ended_.size() < most_keys_) {
        ended_.push_back({which->first, which->second.lines});
    }
    return states_.erase(which);
}

} // namespace seedhook::log
