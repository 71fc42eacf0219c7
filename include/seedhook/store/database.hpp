// The durable truth, as blocking transactions: what a storage engine implements (SQLite, later PostgreSQL).
// Nothing here knows an engine. Time comes in as an argument. A lease carries a fencing token, so that several nodes
// may share one database.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/event.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/model/routing.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace seedhook {

// ---- commands and their replies, in pairs ----

// What upstream says of a task, in a callback or an answer to a poll. A status that is not terminal tracks the task.
struct settle_command {
    std::string source;
    std::string request_id;
    task_status status = task_status::queued;
    std::string by; // `callback` or `poll`
    std::string video_url;
    std::optional<task_failure> failure;
    std::string body; // upstream's own bytes, kept with the event
    time_point now{};
    std::shared_ptr<const routing> routes;
};
struct settle_reply {
    enum class kind {
        settled,   // the first terminal status: recorded, with the jobs that follow
        duplicate, // settled before, with the same status and URL
        conflict,  // settled before, otherwise; the first stays, an event tells
        tracked,   // not terminal: the task is known now
    };
    kind what = kind::settled;
    task_id task = 0;
};

// How many jobs of one kind (and, for deliveries, one sink) to claim at most.
struct lane_demand {
    job_kind kind = job_kind::fetch;
    std::string sink;
    std::uint32_t room = 0;
};
// Takes due jobs, oldest due first, for `owner` until `now + lease`. A job whose lease has run out is due again.
struct claim_command {
    std::vector<lane_demand> lanes;
    std::string owner;
    time_point now{};
    duration lease{};
};
struct claimed_job {
    job work;
    task of;
};
struct claim_reply {
    std::vector<claimed_job> jobs;
    std::optional<time_point> next_due; // the earliest due time among the demanded lanes' jobs that were not claimed
};

// Records what an attempt came to. Refused (`false`) when the token is not the job's present one.
struct finish_command {
    job_key key;
    std::uint64_t token = 0;
    job_state state = job_state::done;
    time_point due_at{};             // for a state that is active
    bool counts = true;              // false: the attempt is taken back (we were interrupted)
    std::string note;
    std::optional<video_file> video; // a fetch that is done
    time_point now{};
    std::shared_ptr<const routing> routes;
};
struct finish_reply {
    bool accepted = false; // also when it is said again of a job that it has ended
    task_stage stage = task_stage::waiting; // of the task afterwards, where accepted
};

// Prolongs leases that are still held. Says of each whether it was.
struct renew_command {
    std::vector<std::pair<job_key, std::uint64_t>> held; // with their tokens
    time_point until{};
};
struct renew_reply {
    std::vector<bool> renewed; // in the order of `held`
};

// Frees every lease of `owner`: said at start, for the same node's earlier life; and after a claim that failed, which may
// stand all the same, but for those of the jobs in hand.
struct release_command {
    std::string owner;
    std::vector<std::pair<job_key, std::uint64_t>> but; // with their tokens
    time_point now{};
};
struct release_reply {
    std::uint64_t released = 0;
};

// Makes deliveries due again, whatever came of them before: one sink's, or all that the routes want. When the video is
// no longer in the spool it is fetched again first.
struct redeliver_command {
    std::string source;              // empty: the one source that has the task
    std::string request_id;
    std::optional<std::string> sink; // none: all
    bool video_at_hand = false;      // the spool still has it
    time_point now{};
    std::shared_ptr<const routing> routes;
};
struct redeliver_reply {
    enum class kind { scheduled, unknown_task, ambiguous, not_settled, unwanted };
    kind what = kind::scheduled;
    task_id task = 0;
};

using command = std::variant<settle_command, claim_command, finish_command, renew_command, release_command,
                             redeliver_command>;
using reply =
    std::variant<settle_reply, claim_reply, finish_reply, renew_reply, release_reply, redeliver_reply>;

// ---- what can be read ----

struct task_detail {
    task of;
    std::vector<job> jobs;
    std::vector<event> events; // oldest first
};

struct task_name {
    std::string source;
    std::string request_id;
};

struct task_query {
    std::optional<task_stage> stage;
    std::optional<task_status> status;
    std::string source; // empty: any
    std::string text;   // empty: any; else a part of the requestId
    std::uint32_t limit = 50;
    std::optional<task_id> before; // the cursor: only tasks older than this one
};
struct task_page {
    std::vector<task> tasks; // newest first
    std::optional<task_id> next;
};

struct job_count {
    job_kind kind = job_kind::fetch;
    std::string sink;
    std::uint64_t due = 0;
    std::uint64_t scheduled = 0;
    std::uint64_t running = 0;
    std::uint64_t blocked = 0;
    std::optional<time_point> oldest_due;
    std::string blocked_note; // why the oldest blocked one is
};
struct store_counts {
    std::map<task_stage, std::uint64_t> tasks;
    std::vector<job_count> jobs; // active ones only
};

// A consistent view for reading; used by one thread at a time.
class database_reader {
public:
    virtual ~database_reader() = default;
    // Every task of that requestId: more than one when two sources share it. An empty source: any.
    virtual result<std::vector<task_detail>> find(std::string_view source, std::string_view request_id) = 0;
    virtual result<task_page> list(const task_query& query) = 0;
    virtual result<store_counts> counts(time_point now) = 0;
    // Events after `after`, oldest first.
    virtual result<std::vector<event>> events_after(event_id after, std::uint32_t limit) = 0;
    // The tasks that may have a file in the spool: settled ones that are not done.
    virtual result<std::vector<task_name>> tasks_with_files() = 0;
};

// All calls block; from one thread at a time.
class database {
public:
    virtual ~database() = default;

    // Runs the commands in order in one transaction and commits it to stable storage. Replies match by index. After an
    // error all of them or none stand, which only `reopen` finds out, and until that succeeds no more are taken.
    virtual result<std::vector<reply>> apply(std::span<const command> commands) = 0;

    // After a failed `apply`: closes, opens and checks the database, so that what it holds is what stable storage
    // holds (after a failed fsync the page cache may claim what the disk has lost).
    virtual result<void> reopen() = 0;

    // Keeps the engine in shape (checkpoints); called now and then from another thread than the one of `apply`.
    virtual result<void> maintain() = 0;

    virtual std::unique_ptr<database_reader> make_reader() = 0;
};

struct sqlite_settings {
    std::string path;
};
// Opens, locks (one daemon a file) and migrates. Fails with errc::conflict when another process has it, and with
// errc::invalid when it was written by a newer seedhook.
result<std::unique_ptr<database>> open_sqlite(const sqlite_settings& settings);

} // namespace seedhook
