// A task: one generation request, named by (source, requestId), and what we know of it.
#pragma once

#include "seedhook/model/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook {

// What upstream says of a task; `expired` is ours: we stopped asking.
enum class task_status { queued, processing, succeeded, failed, cancelled, expired };

// Where the task stands here. `stuck` needs a person.
enum class task_stage { waiting, fetching, delivering, done, stuck };

std::string_view to_string(task_status status) noexcept;
std::string_view to_string(task_stage stage) noexcept;
std::optional<task_status> parse_task_status(std::string_view text) noexcept;
std::optional<task_stage> parse_task_stage(std::string_view text) noexcept;

// True for the statuses that upstream never changes again: succeeded, failed, cancelled.
bool is_terminal(task_status status) noexcept;

// 1-128 characters of `A-Z a-z 0-9 . _ ~ : -`, not beginning with `.` or `-`: safe in a path and in a URL.
bool valid_request_id(std::string_view id) noexcept;

// The store's own number of a task; later tasks have larger ones.
using task_id = std::int64_t;

// Where upstream sends a task's callback: to us, as far as we know, or to somewhere that the submission named.
enum class callbacks { here, elsewhere };

struct task_failure {
    std::string code;    // as upstream gave it; may be empty
    std::string message; // as upstream gave it; may be empty

    bool operator==(const task_failure&) const = default;
};

// A fetched video in the spool.
struct video_file {
    std::string name; // the file's name, relative to the spool's folder
    std::uint64_t size = 0;
    std::string sha256; // lower-case hex
    std::string content_type;

    bool operator==(const video_file&) const = default;
};

struct task {
    task_id id = 0;
    std::string source;
    std::string request_id;
    task_status status = task_status::queued;
    task_stage stage = task_stage::waiting;
    std::string settled_by;      // `callback` or `poll`; empty while not settled
    std::string model;           // empty when unknown
    std::string metadata = "{}"; // a JSON object
    std::string video_url;       // empty when upstream gave none
    std::optional<task_failure> failure;
    std::optional<video_file> video;
    time_point created_at{};
    std::optional<time_point> submitted_at; // where we saw the submission
    std::optional<time_point> settled_at;
    callbacks called_back = callbacks::here;
    bool unconfirmed = false; // nothing but callbacks that prove nothing speaks of it
};

} // namespace seedhook
