// Settling a task: once, whichever of callback and poll comes first.
#include "store/sqlite/commands.hpp"
#include "store/sqlite/rows.hpp"

namespace seedhook::sqlite {
namespace {

std::string text_of(const settle_command& c) {
    std::string text(to_string(c.status));
    text += " by " + c.by;
    if (c.failure && !(c.failure->code.empty() && c.failure->message.empty())) {
        text += ": " + c.failure->code + (c.failure->code.empty() ? "" : " ") + c.failure->message;
    }
    return text;
}

// The task as it is once `c` has been taken in.
task with(const settle_command& c, task t) {
    t.status = c.status;
    if (is_terminal(c.status)) {
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
    if (is_terminal(c.status)) {
        p.follow = jobs_on_settle(p.after, *c.routes);
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

std::optional<std::int64_t> settled_at(const task& t) {
    return t.settled_at ? std::optional(to_column(*t.settled_at)) : std::nullopt;
}

} // namespace

settle_reply transaction::run(const settle_command& c) {
    task fresh;
    fresh.source = c.source;
    fresh.request_id = c.request_id;
    fresh.created_at = c.now;
    plan p = plan_for(c, std::move(fresh));
    const task& t = p.after;
    const event_id first_event = next_event();
    // Nearly every callback is the first word of its task: the insert itself finds out.
    const std::int64_t inserted =
        db_.run("INSERT INTO tasks (source, request_id, status, stage, settled_by, model, metadata, video_url, "
                "failure_code, failure_message, created_at, settled_at, last_event) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                t.source, t.request_id, to_string(t.status), to_string(t.stage), t.settled_by, t.model, t.metadata,
                t.video_url, code_of(t), message_of(t), to_column(t.created_at), settled_at(t), first_event);
    if (inserted == 0) {
        return settle_known(c);
    }
    const task_id id = db_.last_id();
    for (job_key& key : p.follow) {
        key.task = id;
    }
    count_stage(t.stage, 1);
    add_jobs(p.follow, c.now);
    db_.run("INSERT INTO events (id, task, at, kind, detail, body) VALUES (?, ?, ?, ?, ?, ?)", first_event, id,
            to_column(c.now), std::string_view(t.settled_at ? "settled" : "tracked"), text_of(c), c.body);
    return {t.settled_at ? settle_reply::kind::settled : settle_reply::kind::tracked, id};
}

settle_reply transaction::settle_known(const settle_command& c) {
    const task t = find_task(db_, c.source, c.request_id).value();
    if (is_terminal(t.status)) {
        return is_terminal(c.status) ? settle_again(t, c) : settle_reply{settle_reply::kind::tracked, t.id};
    }
    if (is_terminal(c.status)) {
        settle_task(t, c);
        return {settle_reply::kind::settled, t.id};
    }
    if (t.status != c.status) {
        db_.run("UPDATE tasks SET status = ? WHERE id = ?", to_string(c.status), t.id);
    }
    return {settle_reply::kind::tracked, t.id};
}

// The first terminal status of a task that was known before.
void transaction::settle_task(const task& before, const settle_command& c) {
    const plan p = plan_for(c, before);
    const task& t = p.after;
    db_.run("UPDATE tasks SET status = ?, stage = ?, settled_by = ?, video_url = ?, failure_code = ?, "
            "failure_message = ?, settled_at = ? WHERE id = ?",
            to_string(t.status), to_string(t.stage), t.settled_by, t.video_url, code_of(t), message_of(t),
            settled_at(t), t.id);
    count_stage(before.stage, -1);
    count_stage(t.stage, 1);
    db_.run("DELETE FROM jobs WHERE task = ? AND kind = 'poll'", t.id);
    add_jobs(p.follow, c.now);
    add_event(t.id, c.now, "settled", text_of(c), c.body);
}

// A terminal status for a task that has one. The first stays; a URL that was missing is taken from a later word.
settle_reply transaction::settle_again(const task& t, const settle_command& c) {
    const bool same_status = t.status == c.status;
    if (same_status && t.video_url.empty() && !c.video_url.empty()) {
        db_.run("UPDATE tasks SET video_url = ? WHERE id = ?", c.video_url, t.id);
        db_.run("UPDATE jobs SET state = 'pending', due_at = ?, attempts = 0, updated_at = ? "
                "WHERE task = ? AND kind = 'fetch' AND owner = '' AND state <> 'done'",
                to_column(c.now), to_column(c.now), t.id);
        add_event(t.id, c.now, "url", "the video's URL came later, by " + c.by, c.body);
        restage(t.id);
        return {settle_reply::kind::duplicate, t.id};
    }
    if (same_status && (c.video_url.empty() || c.video_url == t.video_url)) {
        return {settle_reply::kind::duplicate, t.id};
    }
    // A replayed conflict is told once: repeats must not fill the disk.
    const bool told =
        db_.number(SEEDHOOK_EVENTS_OF_TASK "SELECT EXISTS (SELECT 1 FROM history JOIN events USING (id) "
                                           "WHERE kind = 'conflict' AND body = ?)",
                   t.id, c.body) != 0;
    if (!told) {
        const std::string first(to_string(t.status));
        add_event(t.id, c.now, "conflict",
                  same_status ? first + " again, with another URL; the first stays"
                              : text_of(c) + " after " + first + "; the first stays",
                  c.body);
    }
    return {settle_reply::kind::conflict, t.id};
}

} // namespace seedhook::sqlite
