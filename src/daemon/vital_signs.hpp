// Whether the threads that the daemon lives by still answer: what the service manager's watchdog is told by.
#pragma once

#include "seedhook/model/time.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook {

// One that must not stand still.
struct vital_part {
    std::string name;
    bool waits_for_disk = false;
    // Returns at once; the part itself soon calls `answer`, once, on its own thread, or never when it ends.
    std::function<void(std::function<void()> answer)> ask;
};

// How often it is looked, and how long an answer may take.
struct watch_plan {
    duration between_looks{5000};
    duration patience{};           // of what only computes
    duration patience_with_disk{}; // of what may wait for a disk
};

// For a manager that kills after `limit` without a ping. A thread that stands still is told of within a good half of
// that. A disk has six times the limit: a restart cures no disk, and Linux itself tries a command again for minutes.
watch_plan plan_watch(std::chrono::microseconds limit);

// Called from one thread.
class vital_signs {
public:
    using time = std::chrono::steady_clock::time_point;

    vital_signs(std::vector<vital_part> parts, watch_plan plan);

    // Asks each part that owes no answer, and names those that have owed one for longer than they may.
    std::vector<std::string_view> look(time now);

private:
    struct watched {
        vital_part part;
        duration patience;
        std::shared_ptr<std::atomic<bool>> owes; // shared with answers that are on their way
        time asked{};
    };
    std::vector<watched> all_;
};

} // namespace seedhook
