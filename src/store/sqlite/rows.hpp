// Rows as tasks, jobs and events.
#pragma once

#include "seedhook/model/event.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/model/task.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/request_index.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace seedhook::sqlite {

inline std::int64_t to_column(time_point t) { return t.time_since_epoch().count(); }
inline time_point to_time(std::int64_t column) { return time_point(duration(column)); }

// The columns that `read_task`, `read_job` and `read_event` expect, in their order.
#define SEEDHOOK_TASK_COLUMNS                                                                                          \
    "id, source, request_id, status, stage, settled_by, model, metadata, video_url, failure_code, failure_message, "   \
    "video_name, video_size, video_sha256, video_type, created_at, settled_at, submitted_at, unconfirmed, "            \
    "called_back_elsewhere"
#define SEEDHOOK_JOB_COLUMNS "task, kind, sink, state, due_at, attempts, token, owner, note, updated_at, waited"
#define SEEDHOOK_EVENT_COLUMNS "id, task, at, kind, detail, body"

// The note of a poll under way whose task is to be asked about again at once.
constexpr std::string_view ask_again_note = "ask again";
// However often somebody wishes it, a task is asked about no more often than this.
constexpr duration least_between_polls = std::chrono::seconds(5);

// The ids of a task's events, newest first, as `history`; its first parameter is the task's.
#define SEEDHOOK_EVENTS_OF_TASK                                                                                        \
    "WITH RECURSIVE history (id) AS (SELECT last_event FROM tasks WHERE id = ? UNION ALL "                             \
    "SELECT previous FROM history JOIN events USING (id)) "

// Throw sqlite_failure (SQLITE_CORRUPT) for a name that no version ever wrote.
task read_task(const cursor& row);
job read_job(const cursor& row);
event read_event(const cursor& row);

// `source` is not empty.
std::optional<task> find_task(connection& db, const request_index& requests, std::string_view source,
                              std::string_view request_id);
// In the order of their sources; an empty `source` stands for every one.
std::vector<task> find_tasks(connection& db, const request_index& requests, std::string_view source,
                             std::string_view request_id);
task task_of(connection& db, task_id id);
std::vector<job> jobs_of(connection& db, task_id id);

} // namespace seedhook::sqlite
