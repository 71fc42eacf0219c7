// A store in memory for tests of rooms above it: settles, redelivers and reads as the real one, and fails when told to.
// It has neither a worker's side nor pruning: their verbs are refused.
#pragma once

#include "seedhook/store/store.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::test {

class memory_store final : public store {
public:
    awaitable<result<settle_reply>> settle(settle_command what) override;
    awaitable<result<claim_reply>> claim(claim_command what) override;
    awaitable<result<finish_reply>> finish(finish_command what) override;
    awaitable<result<renew_reply>> renew(renew_command what) override;
    awaitable<result<release_reply>> release(release_command what) override;
    awaitable<result<pull_in_reply>> pull_in(pull_in_command what) override;
    awaitable<result<redeliver_reply>> redeliver(redeliver_command what) override;
    awaitable<result<hint_reply>> hint(hint_command what) override;
    awaitable<result<track_reply>> track(track_command what) override;
    awaitable<result<begin_submission_reply>> begin_submission(begin_submission_command what) override;
    awaitable<result<end_submission_reply>> end_submission(end_submission_command what) override;
    awaitable<result<note_reply>> note(note_command what) override;
    awaitable<result<url_reply>> set_url(url_command what) override;
    awaitable<result<prune_reply>> prune(prune_command what) override;
    awaitable<result<forget_reply>> forget(forget_command what) override;
    awaitable<result<remember_reply>> remember(remember_command what) override;

    awaitable<result<std::vector<task_detail>>> find(std::string source, std::string request_id) override;
    awaitable<result<task_page>> list(task_query query) override;
    awaitable<result<store_counts>> counts(time_point now) override;
    awaitable<result<std::vector<told_event>>> events_after(event_id after, std::uint32_t limit) override;
    awaitable<result<event_id>> newest_event() override;
    awaitable<result<std::vector<task_name>>> tasks_with_files() override;
    awaitable<result<std::string>> remembered(std::string name) override;
    awaitable<result<std::vector<open_submission>>> open_submissions() override;

    bool available() const noexcept override { return !failure; }
    void close() override {}

    // Adds a task as it is, with the next free number.
    task_detail& put(task t);

    std::optional<error> failure;        // every verb fails with it while set
    std::vector<task_detail> all;        // oldest first
    std::vector<settle_command> settles; // what was asked, as it was asked
    std::vector<redeliver_command> redelivers;
    std::vector<hint_command> hints;
    std::vector<track_command> tracks;
    std::function<void()> before_track;       // for a failure that comes just then
    std::vector<open_submission> submissions; // begun and not ended, or lost
    std::map<std::string, std::string> memory;
    std::optional<store_counts> fixed_counts; // what counts says, instead of counting

private:
    task_detail* lookup(const std::string& source, const std::string& request_id);
    void note(task_detail& of, time_point at, std::string kind, std::string body);
    void add_jobs(task_detail& to, const std::vector<job_key>& keys, time_point now);

    event_id last_event_ = 0;
    std::int64_t last_intent_ = 0;
};

} // namespace seedhook::test
