// A job: something still to be done for a task, with a due time, attempts and a lease.
// Poll, fetch and deliver are all jobs; a job that was done stays as the record of what it did.
#pragma once

#include "seedhook/model/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace seedhook {

enum class job_kind { poll, fetch, deliver };

// `pending`: due at a time, or running under a lease that ends at that time. `blocked`: like pending, but a person
// must mend something before it can succeed. `done` and `rejected` are ends.
enum class job_state { pending, blocked, done, rejected };

std::string_view to_string(job_kind kind) noexcept;
std::string_view to_string(job_state state) noexcept;

inline bool is_active(job_state state) noexcept { return state == job_state::pending || state == job_state::blocked; }

// Names a job. `sink` is the sink of a delivery, the source of a poll (each source has a budget of its own), and else
// empty.
struct job_key {
    job_key() = default;
    job_key(task_id of, job_kind what, std::string to = {}) : task(of), kind(what), sink(std::move(to)) {}

    task_id task = 0;
    job_kind kind = job_kind::fetch;
    std::string sink;

    auto operator<=>(const job_key&) const = default;
};

struct job {
    job_key key;
    job_state state = job_state::pending;
    time_point due_at{};        // while it runs: the end of its lease
    std::uint32_t attempts = 0; // counts the present attempt once it is claimed
    std::uint64_t token = 0;    // fencing token: grows with every claim; an outcome under an older one is refused
    std::string owner;          // the node that runs it; empty when none does
    std::string note;           // where it went when done, else why the last attempt did not succeed
    time_point updated_at{};
    duration waited{}; // of a poll: how long its task was waited for, leaving out what a clock's jump adds
};

// What one attempt came to. A handler says only this; when to try again is the retry policy's to say.
struct done {
    done() = default;
    explicit done(std::string place) : where(std::move(place)) {}
    explicit done(video_file fetched) : video(std::move(fetched)) {}

    std::string where;               // where a delivery went
    std::optional<video_file> video; // what a fetch brought
};
struct again { // a passing fault: network, 5xx, exit code
    explicit again(std::string reason, std::optional<duration> delay = {}) : why(std::move(reason)), after(delay) {}

    std::string why;
    std::optional<duration> after; // a peer's own word on when; else the policy's
};
struct not_yet { // nothing is wrong and nothing is finished: a poll whose task still runs
    not_yet(std::string reason, duration delay, duration total) : why(std::move(reason)), after(delay), waited(total) {}

    std::string why;
    duration after;
    duration waited;    // the job's new `waited`
    bool counts = true; // false: nobody answered, so it was no attempt
};
struct blocked { // a person must mend it: no permission, no bucket, full disk
    explicit blocked(std::string reason) : why(std::move(reason)) {}

    std::string why;
};
struct rejected { // it can never succeed
    explicit rejected(std::string reason) : why(std::move(reason)) {}

    std::string why;
};
struct interrupted {}; // we were told to stop; the attempt does not count, but for a delivery's
using outcome = std::variant<done, again, not_yet, blocked, rejected, interrupted>;

// The stage of a task, from its status and all its jobs.
task_stage stage_of(task_status status, const std::vector<job>& jobs) noexcept;

} // namespace seedhook
