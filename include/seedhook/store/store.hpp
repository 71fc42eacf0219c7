// The store as the other rooms see it: awaitable verbs over a database on threads of its own. Verbs that arrive
// together are committed together (one fsync for many callbacks); each returns once its commit is on stable storage.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/store/database.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace seedhook {

struct store_settings {
    std::size_t queue_limit = 20000; // commands waiting at most; more are refused with errc::unavailable
    std::size_t batch_limit = 512;   // commands in one commit at most
    std::chrono::microseconds gather_for{
        100}; // waited for more commands when the last commit had many and few are here
    // What is written meanwhile stands in the log: some 200 MiB under full load.
    duration maintain_every = std::chrono::seconds(3);
};

// Called on the store's threads: must be quick and must not throw.
struct store_observer {
    std::function<void()> changed;                 // a commit settled, ended or rescheduled work
    std::function<void(const settlement&)> learnt; // a commit settled a task whose submission we saw
    std::function<void(std::size_t commands, double seconds)> committed; // after every commit
    std::function<void(const error& why)> failed; // a commit or a reopening; nothing is acknowledged
    std::function<void()> recovered;              // reopened and checked
};

// Verbs may be awaited from any executor and resume there; it must run until they have. Once queued they cannot be
// cancelled: what may have been committed is waited for. Errors: errc::unavailable while the queue is full or the
// database is being mended.
class store {
public:
    virtual ~store() = default;

    virtual awaitable<result<settle_reply>> settle(settle_command what) = 0;
    virtual awaitable<result<claim_reply>> claim(claim_command what) = 0;
    virtual awaitable<result<finish_reply>> finish(finish_command what) = 0;
    virtual awaitable<result<renew_reply>> renew(renew_command what) = 0;
    virtual awaitable<result<release_reply>> release(release_command what) = 0;
    virtual awaitable<result<pull_in_reply>> pull_in(pull_in_command what) = 0;
    virtual awaitable<result<redeliver_reply>> redeliver(redeliver_command what) = 0;
    virtual awaitable<result<hint_reply>> hint(hint_command what) = 0;
    virtual awaitable<result<track_reply>> track(track_command what) = 0;
    virtual awaitable<result<begin_submission_reply>> begin_submission(begin_submission_command what) = 0;
    virtual awaitable<result<end_submission_reply>> end_submission(end_submission_command what) = 0;
    virtual awaitable<result<note_reply>> note(note_command what) = 0;
    virtual awaitable<result<url_reply>> set_url(url_command what) = 0;
    virtual awaitable<result<prune_reply>> prune(prune_command what) = 0;
    virtual awaitable<result<forget_reply>> forget(forget_command what) = 0;
    virtual awaitable<result<remember_reply>> remember(remember_command what) = 0;

    virtual awaitable<result<std::vector<task_detail>>> find(std::string source, std::string request_id) = 0;
    virtual awaitable<result<task_page>> list(task_query query) = 0;
    virtual awaitable<result<store_counts>> counts(time_point now) = 0;
    virtual awaitable<result<std::vector<told_event>>> events_after(event_id after, std::uint32_t limit) = 0;
    virtual awaitable<result<event_id>> newest_event() = 0;
    virtual awaitable<result<std::vector<task_name>>> tasks_with_files() = 0;
    virtual awaitable<result<std::string>> remembered(std::string name) = 0;
    virtual awaitable<result<std::vector<open_submission>>> open_submissions() = 0;

    // True while verbs can succeed.
    virtual bool available() const noexcept = 0;

    // Commits what is queued, stops the threads and closes the database. Blocks. No verb may follow.
    virtual void close() = 0;
};

std::unique_ptr<store> make_store(std::unique_ptr<database> engine, store_settings settings, store_observer observer);

} // namespace seedhook
