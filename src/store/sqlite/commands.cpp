// Claiming, finishing and rescheduling jobs. A lease is the job's due time moved to the lease's end: when its owner
// dies, the job is simply due again.
#include "store/sqlite/commands.hpp"

#include "store/sqlite/rows.hpp"

#include <algorithm>

namespace seedhook::sqlite {

void transaction::add_jobs(const std::vector<job_key>& keys, time_point now, time_point due_at) {
    for (const job_key& key : keys) {
        db_.run("INSERT INTO jobs (task, kind, sink, state, due_at, attempts, token, owner, note, updated_at) "
                "VALUES (?, ?, ?, 'pending', ?, 0, 0, '', '', ?) ON CONFLICT DO NOTHING",
                key.task, to_string(key.kind), key.sink, to_column(due_at), to_column(now));
    }
}

void transaction::add_event(task_id task, time_point at, std::string_view kind, std::string_view detail,
                            std::string_view body) {
    const event_id id = next_event();
    db_.run("INSERT INTO events (id, task, at, kind, detail, body, previous) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT last_event FROM tasks WHERE id = ?2))",
            id, task, to_column(at), kind, detail, body);
    db_.run("UPDATE tasks SET last_event = ? WHERE id = ?", id, task);
}

event_id transaction::next_event() {
    if (last_event_ == 0) {
        last_event_ = db_.number("SELECT max(id) FROM events");
    }
    return ++last_event_;
}

task_stage transaction::restage(task_id id) {
    const task t = task_of(db_, id);
    const task_stage stage = stage_of(t.status, jobs_of(db_, id));
    if (stage != t.stage) {
        db_.run("UPDATE tasks SET stage = ? WHERE id = ?", to_string(stage), id);
        count_stage(t.stage, -1);
        count_stage(stage, 1);
    }
    return stage;
}

void transaction::write_counts() {
    for (const auto& [stage, change] : stages_) {
        if (change != 0) {
            db_.run("INSERT INTO counters (name, value) VALUES ('stage:' || ?, ?) "
                    "ON CONFLICT DO UPDATE SET value = value + excluded.value",
                    to_string(stage), change);
        }
    }
}

claim_reply transaction::run(const claim_command& c) {
    claim_reply reply;
    for (const lane_demand& lane : c.lanes) {
        claim_lane(c, lane, reply);
    }
    std::int64_t token = 0;
    if (!reply.jobs.empty()) {
        const auto count = static_cast<std::int64_t>(reply.jobs.size());
        token = db_.number("UPDATE counters SET value = value + ? WHERE name = 'token' RETURNING value", count) - count;
    }
    for (claimed_job& claimed : reply.jobs) {
        claimed.work.token = static_cast<std::uint64_t>(++token);
        db_.run(
            "UPDATE jobs SET due_at = ?, attempts = ?, token = ?, owner = ? WHERE task = ? AND kind = ? AND sink = ?",
            to_column(claimed.work.due_at), std::int64_t{claimed.work.attempts}, token, claimed.work.owner,
            claimed.work.key.task, to_string(claimed.work.key.kind), claimed.work.key.sink);
        claimed.of = task_of(db_, claimed.work.key.task);
    }
    return reply;
}

// Reads one job more than there is room for: it tells when to look again.
void transaction::claim_lane(const claim_command& c, const lane_demand& lane, claim_reply& into) {
    cursor rows = db_.query("SELECT " SEEDHOOK_JOB_COLUMNS " FROM jobs WHERE kind = ? AND sink = ? "
                            "AND state IN ('pending', 'blocked') ORDER BY due_at LIMIT ?",
                            to_string(lane.kind), lane.sink, std::int64_t{lane.room} + 1);
    for (std::uint32_t taken = 0; rows.next(); ++taken) {
        job work = read_job(rows);
        if (taken == lane.room || work.due_at > c.now) {
            into.next_due = std::min(into.next_due.value_or(work.due_at), work.due_at);
            break;
        }
        work.due_at = c.now + c.lease;
        work.attempts += 1;
        work.owner = c.owner;
        claimed_job& claimed = into.jobs.emplace_back();
        claimed.work = std::move(work);
    }
}

finish_reply transaction::run(const finish_command& c) {
    std::optional<job> before;
    {
        cursor rows = db_.query("SELECT " SEEDHOOK_JOB_COLUMNS " FROM jobs WHERE task = ? AND kind = ? AND sink = ? "
                                "AND token = ? AND owner <> ''",
                                c.key.task, to_string(c.key.kind), c.key.sink, static_cast<std::int64_t>(c.token));
        if (rows.next()) {
            before = read_job(rows);
        }
    }
    if (!before) {
        return finished_already(c);
    }
    const std::int64_t attempts = std::int64_t{before->attempts} - (c.counts ? 0 : 1);
    const bool answered = c.key.kind != job_kind::poll || c.counts; // else the last answer stays the last
    const bool ask_again = c.key.kind == job_kind::poll && before->note == ask_again_note;
    const time_point due_at = ask_again ? std::min(c.due_at, c.now + least_between_polls) : c.due_at;
    db_.run("UPDATE jobs SET state = ?, due_at = ?, attempts = ?, owner = '', note = ?, updated_at = ?, waited = ?, "
            "asked_at = ? "
            "WHERE task = ? AND kind = ? AND sink = ?",
            to_string(c.state), to_column(due_at), attempts, c.note, to_column(answered ? c.now : before->updated_at),
            c.waited.value_or(before->waited).count(), to_column(c.now), c.key.task, to_string(c.key.kind), c.key.sink);
    if (c.video) {
        db_.run("UPDATE tasks SET video_name = ?, video_size = ?, video_sha256 = ?, video_type = ? WHERE id = ?",
                c.video->name, static_cast<std::int64_t>(c.video->size), c.video->sha256, c.video->content_type,
                c.key.task);
        add_jobs(jobs_on_fetched(task_of(db_, c.key.task), *c.routes), c.now, c.now);
    }
    note_finish(*before, c);
    return {true, restage(c.key.task)};
}

// A commit that was said to have failed may stand, and its outcome is then told again.
finish_reply transaction::finished_already(const finish_command& c) {
    if (is_active(c.state)) {
        return {};
    }
    {
        cursor rows = db_.query(
            "SELECT 1 FROM jobs WHERE task = ? AND kind = ? AND sink = ? AND token = ? AND state = ?", c.key.task,
            to_string(c.key.kind), c.key.sink, static_cast<std::int64_t>(c.token), to_string(c.state));
        if (!rows.next()) {
            return {};
        }
    }
    return {true, task_of(db_, c.key.task).stage};
}

// One event for each turn a job takes; one that stays blocked, which may go on for ever, or was interrupted takes none.
void transaction::note_finish(const job& before, const finish_command& c) {
    if (c.key.kind == job_kind::poll && is_active(c.state)) {
        return; // asked again and again until an answer settles the task
    }
    const bool other_fault = c.state == job_state::pending && before.note != c.note;
    const bool news = before.state != c.state || other_fault || !is_active(c.state);
    if (!news) {
        return;
    }
    const std::string_view prefix =
        c.key.kind == job_kind::deliver ? std::string_view(c.key.sink) : to_string(c.key.kind);
    std::string_view kind = "retry";
    if (c.state == job_state::done) {
        kind = c.key.kind == job_kind::fetch ? "fetched" : "delivered";
    } else if (c.state != job_state::pending) {
        kind = to_string(c.state);
    }
    add_event(c.key.task, c.now, kind, std::string(prefix) + ": " + c.note);
}

renew_reply transaction::run(const renew_command& c) {
    renew_reply reply;
    for (const auto& [key, token] : c.held) {
        const std::int64_t changed =
            db_.run("UPDATE jobs SET due_at = ? WHERE task = ? AND kind = ? AND sink = ? "
                    "AND token = ? AND owner <> ''",
                    to_column(c.until), key.task, to_string(key.kind), key.sink, static_cast<std::int64_t>(token));
        reply.renewed.push_back(changed == 1);
    }
    return reply;
}

release_reply transaction::run(const release_command& c) {
    std::vector<job> held;
    {
        cursor rows = db_.query("SELECT " SEEDHOOK_JOB_COLUMNS " FROM jobs WHERE owner = ? AND owner <> ''", c.owner);
        while (rows.next()) {
            held.push_back(read_job(rows));
        }
    }
    const auto kept = [&](const job& j) {
        return std::find(c.but.begin(), c.but.end(), std::pair(j.key, j.token)) != c.but.end();
    };
    std::erase_if(held, kept);
    for (const job& j : held) {
        db_.run("UPDATE jobs SET owner = '', due_at = ? WHERE task = ? AND kind = ? AND sink = ?", to_column(c.now),
                j.key.task, to_string(j.key.kind), j.key.sink);
    }
    return {held.size()};
}

pull_in_reply transaction::run(const pull_in_command& c) {
    pull_in_reply reply;
    for (const lane_demand& lane : c.lanes) {
        const std::int64_t pulled =
            db_.run("UPDATE jobs SET due_at = ? WHERE kind = ? AND sink = ? AND state IN ('pending', 'blocked') "
                    "AND due_at > ? AND owner = ''",
                    to_column(c.now), to_string(lane.kind), lane.sink, to_column(c.latest));
        reply.pulled += static_cast<std::uint64_t>(pulled);
    }
    return reply;
}

redeliver_reply transaction::run(const redeliver_command& c) {
    const std::vector<task> found = find_tasks(db_, requests_, c.source, c.request_id);
    using kind = redeliver_reply::kind;
    if (found.size() != 1) {
        return {found.empty() ? kind::unknown_task : kind::ambiguous, 0};
    }
    const task& t = found.front();
    if (!t.settled_at) {
        return {kind::not_settled, t.id};
    }
    std::vector<std::string> sinks = c.routes->sinks_for(t);
    if (c.sink) {
        std::erase_if(sinks, [&](const std::string& name) { return name != *c.sink; });
    }
    if (sinks.empty()) {
        return {kind::unwanted, t.id};
    }
    // What is made due again begins anew: its row is replaced. One that runs at this moment is left to end.
    for (const std::string& sink : sinks) {
        db_.run("DELETE FROM jobs WHERE task = ? AND kind = 'deliver' AND sink = ? AND owner = ''", t.id, sink);
    }
    if (t.status == task_status::succeeded && !c.video_at_hand) {
        db_.run("DELETE FROM jobs WHERE task = ? AND kind = 'fetch' AND owner = ''", t.id);
        add_jobs({job_key(t.id, job_kind::fetch)}, c.now, c.now);
    } else {
        std::vector<job_key> keys;
        for (std::string& sink : sinks) {
            keys.emplace_back(t.id, job_kind::deliver, std::move(sink));
        }
        add_jobs(keys, c.now, c.now);
    }
    add_event(t.id, c.now, "redeliver", c.sink ? "to " + *c.sink : "to every sink");
    restage(t.id);
    return {kind::scheduled, t.id};
}

} // namespace seedhook::sqlite
