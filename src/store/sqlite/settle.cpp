// Settling a task: once, whichever of callback and poll comes first.
#include "store/sqlite/commands.hpp"
#include "store/sqlite/rows.hpp"

#include <algorithm>

namespace seedhook::sqlite {
namespace {

// For which upstream may say that a task runs whose callback it has sent.
constexpr duration longest_lag = std::chrono::seconds(30);

std::string text_of(const settle_command& c) {
    std::string text(to_string(c.status));
    text += " by " + c.by;
    if (c.failure && !(c.failure->code.empty() && c.failure->message.empty())) {
        text += ": " + c.failure->code + (c.failure->code.empty() ? "" : " ") + c.failure->message;
    }
    return text;
}

bool ends_waiting(task_status s) { return is_terminal(s) || s == task_status::expired; }

// The task as it is once `c` has been taken in.
task with(const settle_command& c, task t) {
    t.status = c.status;
    t.model = t.model.empty() ? c.model : t.model;
    if (ends_waiting(c.status)) {
        t.settled_by = c.by;
        t.settled_at = c.now;
        t.video_url = c.video_url;
        t.failure = c.failure;
    }
    return t;
}

struct plan {
    task after;
    std::vector<job_key> follow; // without the task's number, where it is not known yet
};

plan plan_for(const settle_command& c, task before) {
    plan p{with(c, std::move(before)), {}};
    if (ends_waiting(c.status)) {
        p.follow = jobs_on_settle(p.after, *c.routes);
    } else {
        p.follow.emplace_back(p.after.id, job_kind::poll, c.source);
    }
    std::vector<job> jobs;
    for (const job_key& key : p.follow) {
        jobs.emplace_back().key = key;
    }
    p.after.stage = stage_of(c.status, jobs);
    return p;
}

std::optional<std::string_view> code_of(const task& t) {
    return t.failure ? std::optional<std::string_view>(t.failure->code) : std::nullopt;
}

std::optional<std::string_view> message_of(const task& t) {
    return t.failure ? std::optional<std::string_view>(t.failure->message) : std::nullopt;
}

// When a poll last found the task not finished.
std::optional<time_point> last_poll_of(connection& db, task_id id) {
    cursor rows = db.query("SELECT updated_at FROM jobs WHERE task = ? AND kind = 'poll' AND "
                           "attempts > iif(owner <> '', 1, 0)",
                           id);
    return rows.next() ? std::optional(to_time(rows.integer(0))) : std::nullopt;
}

bool is_to_be_asked_again(connection& db, task_id id) {
    return db.number("SELECT EXISTS (SELECT 1 FROM jobs WHERE task = ? AND kind = 'poll' AND note = ?)", id,
                     ask_again_note) != 0;
}

// When the callback came that proved nothing, and led to the poll that settles the task; nothing where that poll was
// our own idea, or the callback came long before the task was finished, and so was none of upstream's.
std::optional<time_point> hint_to(connection& db, task_id id, std::optional<time_point> last_unfinished) {
    cursor rows = db.query("SELECT hinted_at FROM tasks WHERE id = ? AND hinted_at IS NOT NULL", id);
    if (!rows.next()) {
        return std::nullopt;
    }
    const time_point hinted = to_time(rows.integer(0));
    return last_unfinished && hinted + longest_lag < *last_unfinished ? std::nullopt : std::optional(hinted);
}

std::optional<std::int64_t> settled_at(const task& t) {
    return t.settled_at ? std::optional(to_column(*t.settled_at)) : std::nullopt;
}

} // namespace

settle_reply transaction::run(const settle_command& c) {
    if (ids_.contains(db_, c.source, c.request_id)) {
        return {settle_reply::kind::duplicate, 0, {}};
    }
    if (const std::optional<task> known = find_task(db_, requests_, c.source, c.request_id)) {
        return settle_known(*known, c);
    }
    task fresh;
    fresh.source = c.source;
    fresh.request_id = c.request_id;
    fresh.created_at = c.now;
    plan p = plan_for(c, std::move(fresh));
    const task& t = p.after;
    const event_id first_event = next_event();
    db_.run("INSERT INTO tasks (source, request_id, status, stage, settled_by, model, metadata, "
            "video_url, failure_code, failure_message, created_at, settled_at, last_event) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            t.source, t.request_id, to_string(t.status), to_string(t.stage), t.settled_by, t.model, t.metadata,
            t.video_url, code_of(t), message_of(t), to_column(t.created_at), settled_at(t), first_event);
    const task_id id = db_.last_id();
    requests_.add(t.request_id, id);
    for (job_key& key : p.follow) {
        key.task = id;
    }
    count_stage(t.stage, 1);
    add_jobs(p.follow, c.now, t.settled_at ? c.now : std::max(c.ask_at, c.now));
    db_.run("INSERT INTO events (id, task, at, kind, detail, body) VALUES (?, ?, ?, ?, ?, ?)", first_event, id,
            to_column(c.now), std::string_view(t.settled_at ? "settled" : "tracked"), text_of(c), c.body);
    return {t.settled_at ? settle_reply::kind::settled : settle_reply::kind::tracked, id, {}};
}

settle_reply transaction::settle_known(const task& t, const settle_command& c) {
    if (is_terminal(t.status)) {
        return is_terminal(c.status) ? settle_again(t, c) : settle_reply{settle_reply::kind::tracked, t.id, {}};
    }
    if (c.status == task_status::expired && is_to_be_asked_again(db_, t.id)) {
        return {settle_reply::kind::tracked, t.id, {}}; // what came meanwhile is newer than the answer to this poll
    }
    if (c.status == task_status::expired) {
        count_unconfirmed(t, -1); // it stays unconfirmed, and pruning removes it without a trace
    } else {
        confirm(t);
    }
    return ends_waiting(c.status) ? settle_task(t, c) : go_on(t, c);
}

// Not finished yet.
settle_reply transaction::go_on(const task& t, const settle_command& c) {
    if (t.status == task_status::expired) {
        wait_for(t, std::max(c.ask_at, c.now));
    }
    const task after = with(c, t);
    if (t.status != after.status || t.model != after.model) {
        db_.run("UPDATE tasks SET status = ?, model = ? WHERE id = ?", to_string(after.status), after.model, t.id);
    }
    return {settle_reply::kind::tracked, t.id, {}};
}

// The first terminal status of a task that was known before, or the end of our patience with it.
settle_reply transaction::settle_task(const task& before, const settle_command& c) {
    if (before.status == c.status) {
        return {settle_reply::kind::duplicate, before.id, {}}; // expired again
    }
    const plan p = plan_for(c, before);
    const task& t = p.after;
    db_.run("UPDATE tasks SET status = ?, stage = ?, settled_by = ?, model = ?, video_url = ?, failure_code = ?, "
            "failure_message = ?, settled_at = ? WHERE id = ?",
            to_string(t.status), to_string(t.stage), t.settled_by, t.model, t.video_url, code_of(t), message_of(t),
            settled_at(t), t.id);
    count_stage(before.stage, -1);
    count_stage(t.stage, 1);
    const std::optional<time_point> last_unfinished = last_poll_of(db_, t.id);
    // Of a task that had expired, what was delivered told of that; now there is news.
    db_.run("DELETE FROM jobs WHERE task = ? AND kind IN ('poll', 'deliver')", t.id);
    add_jobs(p.follow, c.now, c.now);
    add_event(t.id, c.now, is_terminal(c.status) ? "settled" : "expired", text_of(c), c.body);
    settle_reply reply{settle_reply::kind::settled, t.id, {}};
    if (before.submitted_at && before.called_back == callbacks::here && is_terminal(c.status)) {
        const auto hint = hint_to(db_, t.id, last_unfinished);
        reply.learnt =
            settlement{t.source,        t.model, hint ? "callback" : c.by, *before.submitted_at, hint.value_or(c.now),
                       last_unfinished, false};
    }
    return reply;
}

// A terminal status for a task that has one. The first stays; a URL that was missing is taken from a later word.
settle_reply transaction::settle_again(const task& t, const settle_command& c) {
    const std::optional<settlement> late = note_late_callback(t, c);
    const bool same_status = t.status == c.status;
    if (same_status && t.video_url.empty() && !c.video_url.empty()) {
        db_.run("UPDATE tasks SET video_url = ? WHERE id = ?", c.video_url, t.id);
        db_.run("UPDATE jobs SET state = 'pending', due_at = ?, attempts = 0, updated_at = ? "
                "WHERE task = ? AND kind = 'fetch' AND owner = '' AND state <> 'done'",
                to_column(c.now), to_column(c.now), t.id);
        add_event(t.id, c.now, "url", "the video's URL came later, by " + c.by, c.body);
        restage(t.id);
        return {settle_reply::kind::duplicate, t.id, late};
    }
    if (same_status && (c.video_url.empty() || c.video_url == t.video_url)) {
        return {settle_reply::kind::duplicate, t.id, late};
    }
    // A replayed conflict is told once: repeats must not fill the disk.
    const bool told = db_.number(SEEDHOOK_EVENTS_OF_TASK "SELECT EXISTS (SELECT 1 FROM history JOIN events USING (id) "
                                                         "WHERE kind = 'conflict' AND body = ?)",
                                 t.id, c.body) != 0;
    if (!told) {
        const std::string first(to_string(t.status));
        add_event(t.id, c.now, "conflict",
                  same_status ? first + " again, with another URL; the first stays"
                              : text_of(c) + " after " + first + "; the first stays",
                  c.body);
    }
    return {settle_reply::kind::conflict, t.id, late};
}

// A poll was first, but the callback was only late, not lost: told once.
std::optional<settlement> transaction::note_late_callback(const task& t, const settle_command& c) {
    if (t.settled_by != "poll" || c.by != "callback" || !t.settled_at) {
        return std::nullopt;
    }
    const bool told = db_.number(SEEDHOOK_EVENTS_OF_TASK "SELECT EXISTS (SELECT 1 FROM history JOIN events USING (id) "
                                                         "WHERE kind = 'late')",
                                 t.id) != 0;
    if (told) {
        return std::nullopt;
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(c.now - *t.settled_at).count();
    add_event(t.id, c.now, "late", "the callback came " + std::to_string(seconds) + " s after the poll that settled it",
              c.body);
    if (!t.submitted_at || t.called_back == callbacks::elsewhere) {
        return std::nullopt;
    }
    return settlement{t.source, t.model, c.by, *t.submitted_at, c.now, std::nullopt, true};
}

} // namespace seedhook::sqlite
