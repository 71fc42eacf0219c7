// Version 1: tasks, jobs, events, remembered ids, submissions under way, what was learnt, counters.
#include "store/sqlite/schema.hpp"

#include <array>
#include <cstddef>

namespace seedhook::sqlite {
namespace {

constexpr std::int64_t application_id = 0x73656564; // "seed", in the file's header

// A step takes the file from version N to N + 1. Steps are never edited once released.
constexpr std::array steps{
    // Names of statuses, stages, kinds and states stand as text: the file explains itself. `requests` finds tasks by 32
    // bits of a hash of their requestId, but lacks the newest (request_index.hpp). That no task stands twice is the
    // writer's care, who looks first.
    // Jobs are clustered by task, so that inserting one and reading all of a task touch one page. `jobs_due` holds
    // active jobs only, and serves each lane in order of due time; `jobs_leased` holds those being run. Tasks whose
    // stage shows in an active job are found through that; only the others that are not done are in a stage index. A
    // task's events are a list through `last_event` and `previous`: an index of them would be one more page that every
    // commit writes. Ids are not AUTOINCREMENT: pruning must keep the newest row, and then they never repeat. Events of
    // task 0 belong to none. `ids` names pruned tasks by 16 bytes of a hash: a page holds several times as many of
    // these as of the names themselves. Fencing tokens come from one counter, so that a job that is made anew cannot
    // meet an old one.
    R"(
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        request_id TEXT NOT NULL,
        status TEXT NOT NULL,
        stage TEXT NOT NULL,
        settled_by TEXT NOT NULL,
        model TEXT NOT NULL,
        metadata TEXT NOT NULL,
        video_url TEXT NOT NULL,
        failure_code TEXT,
        failure_message TEXT,
        video_name TEXT,
        video_size INTEGER,
        video_sha256 TEXT,
        video_type TEXT,
        created_at INTEGER NOT NULL,
        submitted_at INTEGER,
        settled_at INTEGER,
        unconfirmed INTEGER NOT NULL DEFAULT 0,
        called_back_elsewhere INTEGER NOT NULL DEFAULT 0,
        hinted_at INTEGER,
        last_event INTEGER
    ) STRICT;
    CREATE INDEX tasks_unconfirmed ON tasks (id) WHERE unconfirmed = 1;
    CREATE INDEX tasks_by_stage ON tasks (stage, id) WHERE stage IN ('waiting', 'stuck');

    CREATE TABLE requests (
        hash INTEGER NOT NULL,
        task INTEGER NOT NULL,
        PRIMARY KEY (hash, task)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE jobs (
        task INTEGER NOT NULL,
        kind TEXT NOT NULL,
        sink TEXT NOT NULL,
        state TEXT NOT NULL,
        due_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        token INTEGER NOT NULL,
        owner TEXT NOT NULL,
        note TEXT NOT NULL,
        updated_at INTEGER NOT NULL,
        waited INTEGER NOT NULL DEFAULT 0,
        asked_at INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (task, kind, sink)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX jobs_due ON jobs (kind, sink, due_at) WHERE state IN ('pending', 'blocked');
    CREATE INDEX jobs_leased ON jobs (owner) WHERE owner <> '';

    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        task INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        detail TEXT NOT NULL,
        body TEXT NOT NULL,
        previous INTEGER
    ) STRICT;

    CREATE TABLE ids (
        name BLOB PRIMARY KEY,
        day INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE submissions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        what TEXT NOT NULL,
        lost TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE memory (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO counters VALUES ('token', 0);
    )",
};

} // namespace

result<void> recognise(connection& db) {
    const std::int64_t id = db.number("PRAGMA application_id");
    const std::int64_t version = db.number("PRAGMA user_version");
    const bool fresh = db.number("SELECT count(*) FROM sqlite_schema") == 0;
    if (!fresh && id != application_id) {
        return error(errc::invalid, "this file belongs to another program");
    }
    if (version > static_cast<std::int64_t>(steps.size())) {
        return error(errc::invalid, "written by a newer seedhook (schema version " + std::to_string(version) +
                                        "; this one knows " + std::to_string(steps.size()) + ")");
    }
    return {};
}

result<void> migrate(connection& db) {
    if (auto known = recognise(db); !known) {
        return known;
    }
    std::int64_t version = db.number("PRAGMA user_version");
    for (; version < static_cast<std::int64_t>(steps.size()); ++version) {
        db.script("BEGIN IMMEDIATE");
        db.script(steps[static_cast<std::size_t>(version)]);
        db.script("PRAGMA user_version = " + std::to_string(version + 1));
        db.script("PRAGMA application_id = " + std::to_string(application_id));
        db.script("COMMIT");
    }
    return {};
}

} // namespace seedhook::sqlite
