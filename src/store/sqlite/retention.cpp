// Pruning old tasks, remembering their ids, and forgetting those in turn: in slices, so that nobody waits long.
#include "store/sqlite/commands.hpp"
#include "store/sqlite/rows.hpp"

#include "seedhook/crypto/hash.hpp"

namespace seedhook::sqlite {
namespace {

constexpr std::size_t name_size = 16;
constexpr duration lost_submissions_kept = std::chrono::days(7);

std::int64_t day_of(time_point t) { return std::chrono::floor<std::chrono::days>(t).time_since_epoch().count(); }

// No source's name holds the separator.
blob name_of(std::string_view source, std::string_view request_id) {
    std::string text(source);
    text += '/';
    text += request_id;
    const crypto::sha256_digest digest = crypto::sha256_of(text);
    return blob(std::string(reinterpret_cast<const char*>(digest.data()), name_size));
}

} // namespace

remembered_ids::remembered_ids(connection& db) : any_(db.number("SELECT EXISTS (SELECT 1 FROM ids)") != 0) {}

bool remembered_ids::contains(connection& db, std::string_view source, std::string_view request_id) const {
    return any_ && db.number("SELECT EXISTS (SELECT 1 FROM ids WHERE name = ?)", name_of(source, request_id)) != 0;
}

void remembered_ids::add(connection& db, const task& pruned) {
    any_ = true;
    db.run("INSERT INTO ids (name, day) VALUES (?, ?) ON CONFLICT DO NOTHING",
           name_of(pruned.source, pruned.request_id), day_of(pruned.settled_at.value_or(pruned.created_at)));
}

// Without a trace.
void transaction::drop(const task& t) {
    db_.run(SEEDHOOK_EVENTS_OF_TASK "DELETE FROM events WHERE id IN (SELECT id FROM history)", t.id);
    db_.run("DELETE FROM jobs WHERE task = ?", t.id);
    db_.run("DELETE FROM tasks WHERE id = ?", t.id);
    requests_.remove(db_, t.request_id, t.id);
    count_stage(t.stage, -1);
}

// The newest task and the newest event stay: their numbers must not be given again.
#define SEEDHOOK_TASKS_BUT_THE_NEWEST                                                                                  \
    "SELECT " SEEDHOOK_TASK_COLUMNS " FROM tasks WHERE id > ?1 "                                                       \
    "AND id < (SELECT max(id) FROM tasks) AND last_event < (SELECT max(id) FROM events)"

prune_reply transaction::run(const prune_command& c) {
    std::vector<task> seen;
    {
        constexpr std::string_view all = SEEDHOOK_TASKS_BUT_THE_NEWEST " ORDER BY id LIMIT ?2";
        constexpr std::string_view unconfirmed =
            SEEDHOOK_TASKS_BUT_THE_NEWEST " AND unconfirmed = 1 ORDER BY id LIMIT ?2";
        cursor rows = db_.query(c.settled_before ? all : unconfirmed, c.after, std::int64_t{c.limit});
        while (rows.next()) {
            seen.push_back(read_task(rows));
        }
    }
    prune_reply reply;
    for (const task& t : seen) {
        if (t.stage != task_stage::done || !t.settled_at) {
            continue;
        }
        const bool never_was = t.unconfirmed && t.status == task_status::expired;
        if (never_was || (c.settled_before && *t.settled_at < *c.settled_before)) {
            if (is_terminal(t.status)) { // a late callback still settles what had expired
                ids_.add(db_, t);
            }
            drop(t);
            ++reply.pruned;
        }
    }
    if (seen.size() == c.limit) {
        reply.next = seen.back().id;
    } else {
        db_.run("DELETE FROM submissions WHERE lost <> '' AND at < ?", to_column(c.now - lost_submissions_kept));
    }
    return reply;
}

forget_reply transaction::run(const forget_command& c) {
    std::vector<std::string> old;
    std::string last;
    std::uint32_t looked_at = 0;
    {
        cursor rows = db_.query("SELECT name, day FROM ids WHERE name > ? ORDER BY name LIMIT ?", blob(c.after),
                                std::int64_t{c.limit});
        for (; rows.next(); ++looked_at) {
            last = rows.text(0);
            if (rows.integer(1) < day_of(c.settled_before)) {
                old.push_back(last);
            }
        }
    }
    for (const std::string& name : old) {
        db_.run("DELETE FROM ids WHERE name = ?", blob(name));
    }
    return {old.size(), looked_at == c.limit ? last : std::string()};
}

remember_reply transaction::run(const remember_command& c) {
    db_.run("INSERT INTO memory (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", c.name,
            c.value);
    return {};
}

} // namespace seedhook::sqlite
