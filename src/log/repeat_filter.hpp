// Which of many lines that say the same are written: a pure policy, which is told what time it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace seedhook::log {

// Lines of one key that were not written.
struct silence {
    std::string key;
    std::uint64_t lines = 0;
};

// One thread at a time. It remembers `most_keys` keys; where more come, the one whose period began first gives way.
class repeat_filter {
public:
    using time = std::chrono::steady_clock::time_point;

    repeat_filter(std::chrono::steady_clock::duration period, std::size_t most_keys)
        : period_(period), most_keys_(most_keys) {}

    // True: the line is to be written, and a period of silence for its key begins. False: it is counted.
    bool admit(std::string_view key, time now);

    // The silences that have ended by `now`, or gave way; those in which nothing came are left out. Each is told once.
    std::vector<silence> take_ended(time now);

private:
    struct state {
        time since;
        std::uint64_t lines = 0;
    };
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    using table = std::unordered_map<std::string, state, hash, std::equal_to<>>;

    table::iterator end_silence(table::iterator which);

    std::chrono::steady_clock::duration period_;
    std::size_t most_keys_;
    table states_;
    std::vector<silence> ended_; // not taken yet: at most as many as there are keys
};

} // namespace seedhook::log
