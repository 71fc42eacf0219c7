// What can be asked of the store: commands and their replies, in pairs. Each runs whole within one transaction.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/event.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/model/routing.hpp"
#include "seedhook/model/settlement.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace seedhook {

// What upstream says of a task, in a callback or an answer to a poll. A status that is not terminal tracks the task.
struct settle_command {
    std::string source;
    std::string request_id;
    task_status status = task_status::queued;
    std::string by;    // `callback` or `poll`
    std::string model; // taken over where the task has none; empty when unknown
    std::string video_url;
    std::optional<task_failure> failure;
    std::string body; // upstream's own bytes, kept with the event
    time_point now{};
    time_point ask_at{}; // when to poll first, should the status not be terminal and the task be new
    std::shared_ptr<const routing> routes;
};
struct settle_reply {
    enum class kind {
        settled,   // the first terminal status: recorded, with the jobs that follow
        duplicate, // settled before, with the same status and URL
        conflict,  // settled before, otherwise; the first stays, an event tells
        tracked,   // not terminal: the task is known now
    };
    kind what = kind::settled;
    task_id task = 0;                 // 0: a duplicate of a task that was pruned
    std::optional<settlement> learnt; // of a task whose submission we saw: how it ended, or that its callback came late
};

// A callback that proves nothing by itself: makes the task's poll due now. A task that nobody knew is tracked, unless
// `most_unknown` tasks of that source that came in this way have never been confirmed by upstream.
struct hint_command {
    std::string source;
    std::string request_id;
    std::uint32_t most_unknown = 0;
    bool by_callback = true; // else a person's wish, of which nothing is learnt
    time_point now{};
};
struct hint_reply {
    enum class kind {
        asking,    // the poll is due
        duplicate, // settled before
        refused,   // unknown, and too many such are
    };
    kind what = kind::asking;
    task_id task = 0;
};

// Tasks that were submitted to upstream: waited for from now on.
struct tracked_task {
    std::string request_id;
    std::string model;           // empty when unknown
    std::string metadata = "{}"; // a JSON object
};
struct track_command {
    std::string source;
    std::vector<tracked_task> tasks;
    std::string by;                         // `gateway`, `submit` or `track`
    std::optional<time_point> submitted_at; // where it is known; else settle times are not learnt from them
    callbacks called_back = callbacks::here;
    std::string body;                   // upstream's answer, kept with the event
    std::optional<std::int64_t> intent; // of `begin_submission`: ended by this
    time_point now{};
    time_point ask_at{};                   // when to poll first
    std::shared_ptr<const routing> routes; // a callback may have come first, when model and metadata were unknown
};
struct track_reply {
    std::vector<bool> fresh; // in the order of `tasks`; false: known, or settled and pruned before
};

// Notes that a submission is about to go to upstream, so that one whose answer is lost can be told of, also after a
// crash. `end_submission` or a `track_command` that names it takes the note away.
struct begin_submission_command {
    std::string source;
    std::string what; // for a person: the model and how the prompt begins
    time_point now{};
};
struct begin_submission_reply {
    std::int64_t intent = 0;
};
struct end_submission_command {
    std::int64_t intent = 0;
    std::string
        lost; // why the answer never came, for an event without a task; empty: upstream refused, nothing is lost
    time_point now{};
};
struct end_submission_reply {};

// One line in the history of a task, which must be there.
struct note_command {
    std::string source;
    std::string request_id;
    std::string kind;
    std::string detail;
    time_point now{};
};
struct note_reply {
    bool noted = false;
};

// A fresh URL for the video of a task that succeeded.
struct url_command {
    task_id task = 0;
    std::string url;
    std::string body; // upstream's answer, kept with the event
    time_point now{};
};
struct url_reply {
    bool changed = false; // false: it is the one we had
};

// Removes tasks that are done, were settled before `settled_before` and follow `after`, and remembers their ids; and
// those that only a hint ever spoke of and upstream does not know, without remembering them; and, at the end, what was
// told for long enough of submissions that were lost. Looks at no more than `limit` tasks.
struct prune_command {
    task_id after = 0;
    std::uint32_t limit = 50;
    std::optional<time_point> settled_before; // none: tasks that upstream knew of are kept
    time_point now{};
};
struct prune_reply {
    std::uint32_t pruned = 0;
    std::optional<task_id> next; // where to go on; none: all were looked at
};

// Forgets remembered ids of tasks settled before that time, in slices.
struct forget_command {
    std::string after;          // `next` of the last slice; empty: from the beginning
    std::uint32_t limit = 1000; // ids looked at
    time_point settled_before{};
};
struct forget_reply {
    std::uint64_t forgotten = 0;
    std::string next; // empty: all were looked at
};

// A small text kept under a name, for what was learnt.
struct remember_command {
    std::string name;
    std::string value;
};
struct remember_reply {};

// How many jobs of one kind (and, for deliveries, one sink) to claim at most.
struct lane_demand {
    job_kind kind = job_kind::fetch;
    std::string sink;
    std::uint32_t room = 0;
};
// Takes due jobs, oldest due first, for `owner` until `now + lease`. A job whose lease has run out is due again.
struct claim_command {
    std::vector<lane_demand> lanes;
    std::string owner;
    time_point now{};
    duration lease{};
};
struct claimed_job {
    job work;
    task of;
};
struct claim_reply {
    std::vector<claimed_job> jobs;
    std::optional<time_point> next_due; // the earliest due time among the demanded lanes' jobs that were not claimed
};

// Records what an attempt came to. Refused (`false`) when the token is not the job's present one.
struct finish_command {
    job_key key;
    std::uint64_t token = 0;
    job_state state = job_state::done;
    time_point due_at{};            // for a state that is active
    bool counts = true;             // false: the attempt is taken back (we were interrupted)
    std::optional<duration> waited; // of a poll: see `job::waited`
    std::string note;
    std::optional<video_file> video; // a fetch that is done
    time_point now{};
    std::shared_ptr<const routing> routes;
};
struct finish_reply {
    bool accepted = false;                  // also when it is said again of a job that it has ended
    task_stage stage = task_stage::waiting; // of the task afterwards, where accepted
};

// Prolongs leases that are still held. Says of each whether it was.
struct renew_command {
    std::vector<std::pair<job_key, std::uint64_t>> held; // with their tokens
    time_point until{};
};
struct renew_reply {
    std::vector<bool> renewed; // in the order of `held`
};

// Frees every lease of `owner`: said at start, for the same node's earlier life; and after a claim that failed, which
// may stand all the same, but for those of the jobs in hand.
struct release_command {
    std::string owner;
    std::vector<std::pair<job_key, std::uint64_t>> but; // with their tokens
    time_point now{};
};
struct release_reply {
    std::uint64_t released = 0;
};

// Makes due now what is due later than `latest` in those lanes and not being run: no such time is ever set, so the
// clock has jumped back.
struct pull_in_command {
    std::vector<lane_demand> lanes; // `room` is not looked at
    time_point latest{};
    time_point now{};
};
struct pull_in_reply {
    std::uint64_t pulled = 0;
};

// Makes deliveries due again, whatever came of them before: one sink's, or all that the routes want. When the video is
// no longer in the spool it is fetched again first.
struct redeliver_command {
    std::string source; // empty: the one source that has the task
    std::string request_id;
    std::optional<std::string> sink; // none: all
    bool video_at_hand = false;      // the spool still has it
    time_point now{};
    std::shared_ptr<const routing> routes;
};
struct redeliver_reply {
    enum class kind { scheduled, unknown_task, ambiguous, not_settled, unwanted };
    kind what = kind::scheduled;
    task_id task = 0;
};

using command =
    std::variant<settle_command, claim_command, finish_command, renew_command, release_command, redeliver_command,
                 hint_command, track_command, begin_submission_command, end_submission_command, note_command,
                 url_command, prune_command, forget_command, remember_command, pull_in_command>;
using reply = std::variant<settle_reply, claim_reply, finish_reply, renew_reply, release_reply, redeliver_reply,
                           hint_reply, track_reply, begin_submission_reply, end_submission_reply, note_reply, url_reply,
                           prune_reply, forget_reply, remember_reply, pull_in_reply>;

} // namespace seedhook
