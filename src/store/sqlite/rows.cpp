// From columns to the model.
#include "store/sqlite/rows.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::sqlite {
namespace {

[[noreturn]] void corrupt(const std::string& what) { throw sqlite_failure(SQLITE_CORRUPT, "unknown value: " + what); }

template <class Value>
Value known(std::optional<Value> parsed, const std::string& text) {
    if (!parsed) {
        corrupt(text);
    }
    return *parsed;
}

job_kind kind_of(const std::string& text) {
    for (const job_kind k : {job_kind::poll, job_kind::fetch, job_kind::deliver}) {
        if (to_string(k) == text) {
            return k;
        }
    }
    corrupt(text);
}

job_state state_of(const std::string& text) {
    for (const job_state s : {job_state::pending, job_state::blocked, job_state::done, job_state::rejected}) {
        if (to_string(s) == text) {
            return s;
        }
    }
    corrupt(text);
}

} // namespace

task read_task(const cursor& row) {
    task t;
    t.id = row.integer(0);
    t.source = row.text(1);
    t.request_id = row.text(2);
    t.status = known(parse_task_status(row.text(3)), row.text(3));
    t.stage = known(parse_task_stage(row.text(4)), row.text(4));
    t.settled_by = row.text(5);
    t.model = row.text(6);
    t.metadata = row.text(7);
    t.video_url = row.text(8);
    if (!row.is_null(9)) {
        t.failure.emplace();
        t.failure->code = row.text(9);
        t.failure->message = row.text(10);
    }
    if (!row.is_null(11)) {
        t.video.emplace();
        t.video->name = row.text(11);
        t.video->size = static_cast<std::uint64_t>(row.integer(12));
        t.video->sha256 = row.text(13);
        t.video->content_type = row.text(14);
    }
    t.created_at = to_time(row.integer(15));
    if (!row.is_null(16)) {
        t.settled_at = to_time(row.integer(16));
    }
    if (!row.is_null(17)) {
        t.submitted_at = to_time(row.integer(17));
    }
    t.unconfirmed = row.integer(18) != 0;
    t.called_back = row.integer(19) != 0 ? callbacks::elsewhere : callbacks::here;
    return t;
}

job read_job(const cursor& row) {
    job j;
    j.key = job_key(row.integer(0), kind_of(row.text(1)), row.text(2));
    j.state = state_of(row.text(3));
    j.due_at = to_time(row.integer(4));
    j.attempts = static_cast<std::uint32_t>(row.integer(5));
    j.token = static_cast<std::uint64_t>(row.integer(6));
    j.owner = row.text(7);
    j.note = row.text(8);
    j.updated_at = to_time(row.integer(9));
    j.waited = duration(row.integer(10));
    return j;
}

event read_event(const cursor& row) {
    event e;
    e.id = row.integer(0);
    e.task = row.integer(1);
    e.at = to_time(row.integer(2));
    e.kind = row.text(3);
    e.detail = row.text(4);
    e.body = row.text(5);
    return e;
}

std::optional<task> find_task(connection& db, const request_index& requests, std::string_view source,
                              std::string_view request_id) {
    std::vector<task> found = find_tasks(db, requests, source, request_id);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<task> find_tasks(connection& db, const request_index& requests, std::string_view source,
                             std::string_view request_id) {
    std::vector<task> found;
    for (const task_id id : requests.candidates(db, request_id)) {
        cursor rows = db.query("SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE id = ?1 AND request_id = ?2 AND "
                               "(?3 = '' OR source = ?3)",
                               id, request_id, source);
        if (rows.next()) {
            found.push_back(read_task(rows));
        }
    }
    std::sort(found.begin(), found.end(), [](const task& a, const task& b) { return a.source < b.source; });
    return found;
}

task task_of(connection& db, task_id id) {
    cursor rows = db.query("SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE id = ?", id);
    if (!rows.next()) {
        throw sqlite_failure(SQLITE_CORRUPT, "a job without its task " + std::to_string(id));
    }
    return read_task(rows);
}

std::vector<job> jobs_of(connection& db, task_id id) {
    std::vector<job> jobs;
    cursor rows = db.query("SELECT " SEEDHOOK_JOB_COLUMNS " FROM jobs WHERE task = ?", id);
    while (rows.next()) {
        jobs.push_back(read_job(rows));
    }
    return jobs;
}

} // namespace seedhook::sqlite
