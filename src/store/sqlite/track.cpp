// Tasks that are waited for: tracked after their submission, or hinted at by a callback that proves nothing.
#include "store/sqlite/commands.hpp"
#include "store/sqlite/rows.hpp"

#include <algorithm>

namespace seedhook::sqlite {
namespace {

// How many unconfirmed tasks a source has stands among the counters.
std::string unconfirmed_counter(std::string_view source) { return "unconfirmed:" + std::string(source); }

std::optional<std::int64_t> column_of(const std::optional<time_point>& t) {
    return t ? std::optional(to_column(*t)) : std::nullopt;
}

} // namespace

task_id transaction::insert_waiting(const task& t, time_point ask_at, std::string_view why, std::string_view body) {
    const event_id first_event = next_event();
    db_.run("INSERT INTO tasks (source, request_id, status, stage, settled_by, model, metadata, "
            "video_url, created_at, submitted_at, unconfirmed, called_back_elsewhere, last_event) "
            "VALUES (?, ?, ?, 'waiting', '', ?, ?, '', ?, ?, ?, ?, ?)",
            t.source, t.request_id, to_string(t.status), t.model, t.metadata, to_column(t.created_at),
            column_of(t.submitted_at), std::int64_t{t.unconfirmed}, std::int64_t{t.called_back == callbacks::elsewhere},
            first_event);
    const task_id id = db_.last_id();
    requests_.add(t.request_id, id);
    count_stage(task_stage::waiting, 1);
    add_jobs({job_key(id, job_kind::poll, t.source)}, t.created_at, ask_at);
    db_.run("INSERT INTO events (id, task, at, kind, detail, body) VALUES (?, ?, ?, 'tracked', ?, ?)", first_event, id,
            to_column(t.created_at), why, body);
    return id;
}

// One that is being polled at this moment is polled again afterwards: the answer under way may be older than what made
// us ask.
void transaction::wait_for(const task& t, time_point ask_at) {
    if (t.status == task_status::expired) {
        db_.run("UPDATE tasks SET status = 'queued', settled_by = '', settled_at = NULL WHERE id = ?", t.id);
        db_.run("DELETE FROM jobs WHERE task = ? AND kind = 'deliver' AND owner = ''", t.id); // of its expiry
        add_jobs({job_key(t.id, job_kind::poll, t.source)}, ask_at, ask_at);
        restage(t.id);
        return;
    }
    // Callbacks that prove nothing may come in any number: they must not use up the budget of polls.
    db_.run("UPDATE jobs SET due_at = min(due_at, max(?1, asked_at + ?2)) "
            "WHERE task = ?3 AND kind = 'poll' AND owner = ''",
            to_column(ask_at), least_between_polls.count(), t.id);
    db_.run("UPDATE jobs SET note = ? WHERE task = ? AND kind = 'poll' AND owner <> ''", ask_again_note, t.id);
}

hint_reply transaction::run(const hint_command& c) {
    using kind = hint_reply::kind;
    if (ids_.contains(db_, c.source, c.request_id)) {
        return {kind::duplicate, 0};
    }
    const std::optional<task> known = find_task(db_, requests_, c.source, c.request_id);
    if (known && is_terminal(known->status)) {
        return {kind::duplicate, known->id};
    }
    const bool counted = !known || (known->unconfirmed && known->status == task_status::expired);
    const std::string counter = unconfirmed_counter(c.source);
    if (counted && db_.number("SELECT value FROM counters WHERE name = ?", counter) >= c.most_unknown) {
        return {kind::refused, 0};
    }
    task t;
    t.source = c.source;
    t.request_id = c.request_id;
    t.created_at = c.now;
    t.unconfirmed = true;
    if (counted) {
        count_unconfirmed(t, 1);
    }
    if (known) {
        wait_for(*known, c.now);
        if (c.by_callback) {
            db_.run("UPDATE tasks SET hinted_at = ? WHERE id = ?", to_column(c.now), known->id);
        }
        return {kind::asking, known->id};
    }
    return {kind::asking, insert_waiting(t, c.now, "by a callback that is to be confirmed", {})};
}

void transaction::count_unconfirmed(const task& t, std::int64_t change) {
    if (t.unconfirmed && t.status != task_status::expired) {
        db_.run("INSERT INTO counters (name, value) VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET value = value + excluded.value",
                unconfirmed_counter(t.source), change);
    }
}

// Upstream knows it.
void transaction::confirm(const task& t) {
    if (t.unconfirmed) {
        count_unconfirmed(t, -1);
        db_.run("UPDATE tasks SET unconfirmed = 0 WHERE id = ?", t.id);
    }
}

track_reply transaction::run(const track_command& c) {
    track_reply reply;
    for (const tracked_task& one : c.tasks) {
        if (ids_.contains(db_, c.source, one.request_id)) {
            reply.fresh.push_back(false);
            continue;
        }
        if (const std::optional<task> known = find_task(db_, requests_, c.source, one.request_id)) {
            reply.fresh.push_back(track_known(*known, one, c));
            continue;
        }
        task t;
        t.source = c.source;
        t.request_id = one.request_id;
        t.model = one.model;
        t.metadata = one.metadata;
        t.created_at = c.now;
        t.submitted_at = c.submitted_at;
        t.called_back = c.called_back;
        insert_waiting(t, c.ask_at, "by " + c.by, c.body);
        reply.fresh.push_back(true);
    }
    if (c.intent) {
        db_.run("DELETE FROM submissions WHERE id = ?", *c.intent);
    }
    return reply;
}

// A callback may come before the word of the submission, which alone knows model and metadata.
bool transaction::track_known(const task& t, const tracked_task& now_known, const track_command& c) {
    task after = t;
    after.model = t.model.empty() ? now_known.model : t.model;
    after.metadata = t.metadata == "{}" ? now_known.metadata : t.metadata;
    after.submitted_at = t.submitted_at ? t.submitted_at : c.submitted_at;
    db_.run("UPDATE tasks SET model = ?, metadata = ?, submitted_at = ? WHERE id = ?", after.model, after.metadata,
            column_of(after.submitted_at), t.id);
    if (is_terminal(t.status)) {
        deliver_as_matched_now(after, c);
    } else {
        wait_for(t, c.ask_at);
    }
    return false;
}

// Sinks that match by model or metadata may want it only now. What was delivered is not delivered again.
void transaction::deliver_as_matched_now(const task& t, const track_command& c) {
    const std::vector<job> before = jobs_of(db_, t.id);
    std::vector<job_key> wanted = jobs_on_fetched(t, *c.routes);
    std::erase_if(wanted, [&](const job_key& key) {
        return std::any_of(before.begin(), before.end(), [&](const job& j) { return j.key == key; });
    });
    if (wanted.empty()) {
        return;
    }
    if (t.status == task_status::succeeded && t.stage != task_stage::delivering) {
        // Not fetched, or fetched and gone from the spool since.
        db_.run("DELETE FROM jobs WHERE task = ? AND kind = 'fetch' AND owner = '' AND state = 'done'", t.id);
        wanted.assign(1, job_key(t.id, job_kind::fetch));
    }
    add_jobs(wanted, c.now, c.now);
    restage(t.id);
}

note_reply transaction::run(const note_command& c) {
    const std::optional<task> known = find_task(db_, requests_, c.source, c.request_id);
    if (known) {
        add_event(known->id, c.now, c.kind, c.detail);
    }
    return {known.has_value()};
}

url_reply transaction::run(const url_command& c) {
    const bool changed =
        db_.run("UPDATE tasks SET video_url = ?1 WHERE id = ?2 AND status = 'succeeded' AND video_url <> ?1", c.url,
                c.task) == 1;
    if (changed) {
        add_event(c.task, c.now, "url", "a fresh one, asked of the API", c.body);
    }
    return {changed};
}

} // namespace seedhook::sqlite
