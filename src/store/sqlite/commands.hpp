// The commands of a store, each within the transaction that its caller has open.
#pragma once

#include "seedhook/store/database.hpp"
#include "store/sqlite/connection.hpp"

#include <map>

namespace seedhook::sqlite {

// One transaction's worth of commands. Counts stage changes in memory, so that the counters are written once.
class transaction {
public:
    explicit transaction(connection& db) : db_(db) {}

    // Throw sqlite_failure; the caller then rolls back.
    settle_reply run(const settle_command& c);
    claim_reply run(const claim_command& c);
    finish_reply run(const finish_command& c);
    renew_reply run(const renew_command& c);
    release_reply run(const release_command& c);
    redeliver_reply run(const redeliver_command& c);

    // Writes what was counted; before the commit.
    void write_counts();

private:
    settle_reply settle_known(const settle_command& c);
    void settle_task(const task& before, const settle_command& c);
    settle_reply settle_again(const task& t, const settle_command& c);
    void claim_lane(const claim_command& c, const lane_demand& lane, claim_reply& into);
    finish_reply finished_already(const finish_command& c);
    void note_finish(const job& before, const finish_command& c);

    // Inserts those of `keys` that are not there yet, due at `now`.
    void add_jobs(const std::vector<job_key>& keys, time_point now);
    void add_event(task_id task, time_point at, std::string_view kind, std::string_view detail,
                   std::string_view body = {});
    event_id next_event();
    // Puts the task into the stage that follows from its jobs; returns it.
    task_stage restage(task_id id);
    void count_stage(task_stage stage, std::int64_t change) { stages_[stage] += change; }

    connection& db_;
    event_id last_event_ = 0; // 0: not looked up yet
    std::map<task_stage, std::int64_t> stages_;
};

} // namespace seedhook::sqlite
