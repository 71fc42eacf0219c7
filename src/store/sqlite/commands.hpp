// The commands of a store, each within the transaction that its caller has open.
#pragma once

#include "seedhook/store/database.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/remembered_ids.hpp"
#include "store/sqlite/request_index.hpp"

#include <map>

namespace seedhook::sqlite {

// One transaction's worth of commands. Counts stage changes in memory, so that the counters are written once.
class transaction {
public:
    transaction(connection& db, remembered_ids& ids, request_index& requests)
        : db_(db), ids_(ids), requests_(requests) {}

    // Throw sqlite_failure; the caller then rolls back.
    settle_reply run(const settle_command& c);
    claim_reply run(const claim_command& c);
    finish_reply run(const finish_command& c);
    renew_reply run(const renew_command& c);
    release_reply run(const release_command& c);
    pull_in_reply run(const pull_in_command& c);
    redeliver_reply run(const redeliver_command& c);
    hint_reply run(const hint_command& c);
    track_reply run(const track_command& c);
    begin_submission_reply run(const begin_submission_command& c);
    end_submission_reply run(const end_submission_command& c);
    note_reply run(const note_command& c);
    url_reply run(const url_command& c);
    prune_reply run(const prune_command& c);
    forget_reply run(const forget_command& c);
    remember_reply run(const remember_command& c);

    // Writes what was counted; before the commit.
    void write_counts();

private:
    settle_reply settle_known(const task& t, const settle_command& c);
    settle_reply go_on(const task& t, const settle_command& c);
    settle_reply settle_task(const task& before, const settle_command& c);
    settle_reply settle_again(const task& t, const settle_command& c);
    std::optional<settlement> note_late_callback(const task& t, const settle_command& c);
    // The task, which is not there yet: waited for, with a poll due at `ask_at`.
    task_id insert_waiting(const task& t, time_point ask_at, std::string_view why, std::string_view body);
    // A task that waits, or had expired: its poll is due at `ask_at` at the latest.
    void wait_for(const task& t, time_point ask_at);
    void confirm(const task& t);
    void count_unconfirmed(const task& t, std::int64_t change);
    void drop(const task& t);
    bool track_known(const task& t, const tracked_task& now_known, const track_command& c);
    void deliver_as_matched_now(const task& t, const track_command& c);
    void claim_lane(const claim_command& c, const lane_demand& lane, claim_reply& into);
    finish_reply finished_already(const finish_command& c);
    void note_finish(const job& before, const finish_command& c);

    // Inserts those of `keys` that are not there yet.
    void add_jobs(const std::vector<job_key>& keys, time_point now, time_point due_at);
    void add_event(task_id task, time_point at, std::string_view kind, std::string_view detail,
                   std::string_view body = {});
    event_id next_event();
    // Puts the task into the stage that follows from its jobs; returns it.
    task_stage restage(task_id id);
    void count_stage(task_stage stage, std::int64_t change) { stages_[stage] += change; }

    connection& db_;
    remembered_ids& ids_;
    request_index& requests_;
    event_id last_event_ = 0; // 0: not looked up yet
    std::map<task_stage, std::int64_t> stages_;
};

} // namespace seedhook::sqlite
