// The queries of people and of start-up.
#include "store/sqlite/sqlite_reader.hpp"

#include "store/sqlite/connection.hpp"
#include "store/sqlite/rows.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::sqlite {
namespace {

std::vector<event> events_of(connection& db, task_id id) {
    std::vector<event> events;
    cursor rows = db.query(SEEDHOOK_EVENTS_OF_TASK "SELECT " SEEDHOOK_EVENT_COLUMNS
                                                   " FROM history JOIN events USING (id) ORDER BY id",
                           id);
    while (rows.next()) {
        events.push_back(read_event(rows));
    }
    return events;
}

std::vector<task_detail> find(connection& db, const request_index& requests, std::string_view source,
                              std::string_view request_id) {
    std::vector<task_detail> found;
    for (task& one : find_tasks(db, requests, source, request_id)) {
        task_detail& detail = found.emplace_back();
        detail.jobs = jobs_of(db, one.id);
        detail.events = events_of(db, one.id);
        detail.of = std::move(one);
    }
    return found;
}

// A query holds up the reopening of a store, and a person's other questions: it looks at so many tasks and no more.
constexpr std::int64_t most_looked_at = 20'000;

bool is_wanted(const task_query& q, const cursor& row) {
    return (!q.stage || row.text(4) == to_string(*q.stage)) && (!q.status || row.text(3) == to_string(*q.status)) &&
           (q.source.empty() || row.text(1) == q.source) &&
           (q.text.empty() || row.text(2).find(q.text) != std::string::npos);
}

// Whether the tasks that have a fetch or a delivery to do are few enough to be looked at one by one.
bool few_are_under_way(connection& db) {
    return db.number("SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state IN ('pending', 'blocked') "
                     "AND kind IN ('fetch', 'deliver') LIMIT ?)",
                     most_looked_at + 1) <= most_looked_at;
}

// Candidates, newest first. Each text can be served by one index.
std::string_view candidates_for(const task_query& q, connection& db) {
    if (q.stage == task_stage::waiting) {
        return "SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE stage IN ('waiting', 'stuck') "
               "AND stage = 'waiting' AND id < ? ORDER BY id DESC";
    }
    if (q.stage == task_stage::stuck) {
        return "SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE stage IN ('waiting', 'stuck') "
               "AND stage = 'stuck' AND id < ? ORDER BY id DESC";
    }
    if ((q.stage == task_stage::fetching || q.stage == task_stage::delivering) && few_are_under_way(db)) {
        return "SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE id IN (SELECT task FROM jobs "
               "WHERE state IN ('pending', 'blocked') AND kind IN ('fetch', 'deliver')) "
               "AND id < ? ORDER BY id DESC";
    }
    return "SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE id < ? ORDER BY id DESC";
}

task_page list(connection& db, const task_query& q) {
    task_page page;
    task_id last = 0;
    std::int64_t looked_at = 0;
    cursor rows = db.query(candidates_for(q, db), q.before.value_or(INT64_MAX));
    while (rows.next()) {
        if (page.tasks.size() == q.limit || looked_at == most_looked_at) {
            page.next = last;
            break;
        }
        ++looked_at;
        last = rows.integer(0);
        if (is_wanted(q, rows)) {
            page.tasks.push_back(read_task(rows));
        }
    }
    return page;
}

// So many bytes of texts are enough for one look.
constexpr std::size_t enough_told = 256 * 1024;

std::vector<told_event> events_after(connection& db, event_id after, std::uint32_t limit) {
    std::vector<told_event> events;
    std::size_t told = 0;
    cursor rows = db.query("SELECT events.id, task, at, kind, detail, '', ifnull(source, ''), ifnull(request_id, '') "
                           "FROM events LEFT JOIN tasks ON tasks.id = task WHERE events.id > ? "
                           "ORDER BY events.id LIMIT ?",
                           after, std::int64_t{limit});
    while (told < enough_told && rows.next()) {
        told_event& one = events.emplace_back();
        one.what = read_event(rows);
        one.source = rows.text(6);
        one.request_id = rows.text(7);
        told += one.what.detail.size();
    }
    return events;
}

void count_tasks(connection& db, store_counts& counts) {
    for (const task_stage s :
         {task_stage::waiting, task_stage::fetching, task_stage::delivering, task_stage::done, task_stage::stuck}) {
        const std::string name = "stage:" + std::string(to_string(s));
        counts.tasks[s] =
            static_cast<std::uint64_t>(db.number("SELECT value FROM counters WHERE name = ?", std::string_view(name)));
    }
}

job_count& lane_of(store_counts& counts, const job& j) {
    const auto same = [&](const job_count& c) { return c.kind == j.key.kind && c.sink == j.key.sink; };
    const auto found = std::find_if(counts.jobs.begin(), counts.jobs.end(), same);
    if (found != counts.jobs.end()) {
        return *found;
    }
    job_count& added = counts.jobs.emplace_back();
    added.kind = j.key.kind;
    added.sink = j.key.sink;
    return added;
}

void count_groups(connection& db, std::string_view which, time_point now, store_counts& counts) {
    cursor rows = db.query(which, to_column(now));
    while (rows.next()) {
        const job first = read_job(rows);
        const auto number = static_cast<std::uint64_t>(rows.integer(11));
        const bool running = rows.integer(12) != 0;
        const bool due = rows.integer(13) != 0;
        job_count& lane = lane_of(counts, first);
        if (running) {
            lane.running += number;
        } else if (first.state == job_state::blocked) {
            lane.blocked += number;
        } else {
            (due ? lane.due : lane.scheduled) += number;
        }
        if (first.state == job_state::blocked) {
            lane.blocked_note = first.note;
        }
        if (due) {
            lane.oldest_due = std::min(lane.oldest_due.value_or(first.due_at), first.due_at);
        }
    }
}

// One representative row a group; bare columns go with min(due_at) (SQLite's documented rule for min and max).
#define SEEDHOOK_JOB_GROUPS(SOME_JOBS)                                                                                 \
    "SELECT task, kind, sink, state, min(due_at), attempts, token, owner, note, updated_at, waited, count(*), "        \
    "owner <> '' AND due_at > ?1 AS running, due_at <= ?1 AS due FROM " SOME_JOBS                                      \
    " GROUP BY kind, sink, state, running, due"

// The sources that have polls, each found by one look into the index.
#define SEEDHOOK_POLLED_SOURCES                                                                                        \
    "WITH RECURSIVE polled (source) AS (SELECT min(sink) FROM jobs WHERE state IN ('pending', 'blocked') "             \
    "AND kind = 'poll' UNION ALL SELECT (SELECT min(sink) FROM jobs WHERE state IN ('pending', 'blocked') "            \
    "AND kind = 'poll' AND sink > source) FROM polled WHERE source IS NOT NULL) "

// Of polls, which may be a million, only those that run and ten thousand that are due are looked at: each waiting task
// has one.
void count_jobs(connection& db, time_point now, store_counts& counts) {
    count_groups(db, SEEDHOOK_JOB_GROUPS("jobs WHERE state IN ('pending', 'blocked') AND kind IN ('fetch', 'deliver')"),
                 now, counts);
    count_groups(db, SEEDHOOK_JOB_GROUPS("jobs WHERE owner <> '' AND kind = 'poll' AND due_at > ?1"), now, counts);
    count_groups(db,
                 SEEDHOOK_POLLED_SOURCES SEEDHOOK_JOB_GROUPS(
                     "(SELECT * FROM jobs WHERE state IN ('pending', 'blocked') AND kind = 'poll' AND due_at <= ?1 "
                     "AND sink IN (SELECT source FROM polled) LIMIT 10000)"),
                 now, counts);
    std::uint64_t looked_at = 0;
    for (const job_count& lane : counts.jobs) {
        looked_at += lane.kind == job_kind::poll ? lane.due + lane.running + lane.blocked : 0;
    }
    const std::uint64_t waiting = counts.tasks[task_stage::waiting];
    if (waiting > looked_at) {
        job_count& rest = counts.jobs.emplace_back();
        rest.kind = job_kind::poll;
        rest.scheduled = waiting - looked_at;
    }
}

std::vector<open_submission> submissions(connection& db) {
    std::vector<open_submission> open;
    cursor rows = db.query("SELECT id, source, what, lost, at FROM submissions ORDER BY id DESC LIMIT 1000");
    while (rows.next()) {
        open_submission& one = open.emplace_back();
        one.intent = rows.integer(0);
        one.source = rows.text(1);
        one.what = rows.text(2);
        one.lost = rows.text(3);
        one.at = to_time(rows.integer(4));
    }
    std::reverse(open.begin(), open.end());
    return open;
}

class sqlite_reader final : public database_reader {
public:
    sqlite_reader(std::string path, std::shared_ptr<reader_connection> over,
                  std::shared_ptr<const request_index> requests)
        : path_(std::move(path)), over_(std::move(over)), requests_(std::move(requests)) {}

    result<std::vector<task_detail>> find(std::string_view source, std::string_view request_id) override {
        return read([&](connection& db) { return sqlite::find(db, *requests_, source, request_id); });
    }

    result<task_page> list(const task_query& query) override {
        return read([&](connection& db) { return sqlite::list(db, query); });
    }

    result<store_counts> counts(time_point now) override {
        return read([&](connection& db) {
            store_counts counts;
            count_tasks(db, counts);
            count_jobs(db, now, counts);
            return counts;
        });
    }

    result<std::vector<told_event>> events_after(event_id after, std::uint32_t limit) override {
        return read([&](connection& db) { return sqlite::events_after(db, after, limit); });
    }

    result<event_id> newest_event() override {
        return read([](connection& db) { return db.number("SELECT max(id) FROM events"); });
    }

    result<std::string> remembered(std::string_view name) override {
        return read([&](connection& db) {
            cursor rows = db.query("SELECT value FROM memory WHERE name = ?", name);
            return rows.next() ? rows.text(0) : std::string();
        });
    }

    result<std::vector<open_submission>> open_submissions() override {
        return read([](connection& db) { return submissions(db); });
    }

    result<std::vector<task_name>> tasks_with_files() override {
        return read([](connection& db) {
            std::vector<task_name> names;
            cursor rows = db.query("SELECT source, request_id FROM tasks WHERE stage IN ('waiting', 'stuck') "
                                   "AND stage = 'stuck' UNION SELECT source, request_id FROM tasks WHERE id IN "
                                   "(SELECT task FROM jobs WHERE state IN ('pending', 'blocked') "
                                   "AND kind IN ('fetch', 'deliver'))");
            while (rows.next()) {
                task_name& name = names.emplace_back();
                name.source = rows.text(0);
                name.request_id = rows.text(1);
            }
            return names;
        });
    }

private:
    // One consistent view a verb.
    template <class Query>
    auto read(Query query) -> result<decltype(query(std::declval<connection&>()))> {
        const std::lock_guard guard(over_->lock);
        std::unique_ptr<connection>& db = over_->db;
        try {
            if (!db) {
                db = std::make_unique<connection>(path_, connection::access::read_only);
            }
            db->script("BEGIN");
            auto value = query(*db);
            db->script("COMMIT");
            return value;
        } catch (const sqlite_failure& failure) {
            db.reset();
            return within(path_, failure.as_error());
        }
    }

    std::string path_;
    std::shared_ptr<reader_connection> over_;
    std::shared_ptr<const request_index> requests_;
};

} // namespace

std::unique_ptr<database_reader> make_sqlite_reader(std::string path, std::shared_ptr<reader_connection> over,
                                                    std::shared_ptr<const request_index> requests) {
    return std::make_unique<sqlite_reader>(std::move(path), std::move(over), std::move(requests));
}

} // namespace seedhook::sqlite
