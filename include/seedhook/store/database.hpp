// The durable truth, as blocking transactions: what a storage engine implements (SQLite, later PostgreSQL).
// Nothing here knows an engine. Time comes in as an argument. A lease carries a fencing token, so that several nodes
// may share one database.
#pragma once

#include "seedhook/store/commands.hpp"

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

// A submission whose answer has not come, or is known to be lost: the task may exist upstream.
struct open_submission {
    std::int64_t intent = 0;
    std::string source;
    std::string what;
    std::string lost; // why it never came; empty: not known to be lost
    time_point at{};
};

struct task_query {
    std::optional<task_stage> stage;
    std::optional<task_status> status;
    std::string source; // empty: any
    std::string text;   // empty: any; else a part of the requestId
    std::uint32_t limit = 50;
    std::optional<task_id> before; // the cursor: only tasks older than this one
};
// Looking at more tasks than a reader may be held up for ends a page early: it may hold fewer than the limit, even
// none, and still have a `next`.
struct task_page {
    std::vector<task> tasks;     // newest first
    std::optional<task_id> next; // `before` of the page that follows; none: there are no older ones
};

// An event as it is told to whoever listens: without upstream's bytes.
struct told_event {
    event what;         // its `body` is empty
    std::string source; // of its task; empty when the event belongs to none
    std::string request_id;
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
    // Events after `after`, oldest first; fewer than `limit` where their texts are long, and none only where there are
    // none.
    virtual result<std::vector<told_event>> events_after(event_id after, std::uint32_t limit) = 0;
    virtual result<event_id> newest_event() = 0; // 0: there has been none
    // What `remember_command` kept; empty when nothing was.
    virtual result<std::string> remembered(std::string_view name) = 0;
    // Submissions that were begun and not ended, or whose answers were lost, oldest first; the newest 1,000.
    virtual result<std::vector<open_submission>> open_submissions() = 0;
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

    // Keeps the engine in shape (checkpoints): at the start and now and then, from another thread than the one of
    // `apply`.
    virtual result<void> maintain() = 0;

    virtual std::unique_ptr<database_reader> make_reader() = 0;
};

struct sqlite_settings {
    std::string path;
};
// Opens, locks (one daemon a file) and migrates. Fails with errc::conflict when another process has it, and with
// errc::invalid when it was written by a newer seedhook.
result<std::unique_ptr<database>> open_sqlite(const sqlite_settings& settings);

struct store_inspection {
    bool complete = false; // every page was looked at
};
// A look at a store that no daemon has open, for about `limit` at most; nothing is made, written or migrated.
// errc::not_found when there is none yet, errc::conflict when a daemon has it, errc::invalid when it is no store of
// ours or a newer one's, others when it cannot be read or is damaged.
result<store_inspection> inspect_sqlite(const sqlite_settings& settings, duration limit);

} // namespace seedhook
