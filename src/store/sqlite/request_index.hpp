// Finds tasks by their requestIds, which have no order: in an index each new one would go to a page of its own, which
// is written to the log, and moved into the file, for that one alone.
//
// So those of the newest tasks stand in memory, and go into the table `requests` later: a few at each commit, in the
// order of their hashes and round and round, so that each page is written for several of them at once. That is the
// rolling merge of a log-structured merge tree (O'Neil and others, Acta Informatica 33, 1996), whose log are the tasks
// themselves: a counter says up to which of them all are in the table, and a new process reads the later ones. As is
// usual with such trees, a filter in memory spares most looks into the table for what is not there.
#pragma once

#include "seedhook/model/task.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/hash_filter.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace seedhook::sqlite {

struct request_index_limits {
    // So many tasks stay in memory: half a megabyte. A round of the buckets takes twice as many new ones, and a process
    // that was killed leaves up to two rounds of them to be read. A million tasks fill 7,000 pages of the table, so
    // that a round brings nine to each.
    std::size_t in_memory = 32 * 1024;
    // What a commit files beyond what it adds, at most, where memory holds too many: the time of about a millisecond.
    std::size_t ahead = 512;
    // Rows of the table that a survey looks at in one piece.
    std::size_t slice = 4096;
};

// For the writer's thread, unless said otherwise. Throws sqlite_failure. After a failed transaction `load` must follow.
class request_index {
public:
    explicit request_index(const request_index_limits& limits = {}) : limits_(limits) {}

    // Reads from the tasks what the table may lack. Without a transaction.
    void load(connection& db);

    // Looks through the table for a new filter, on from where the last call ended and for about as long as `limit`.
    // Over a connection without a transaction; any thread, but one at a time and not beside `load`.
    void survey(connection& db, std::chrono::milliseconds limit);
    // There is no filter, or one that tells little by now. Any thread.
    bool wants_survey() const;

    // Within the transaction that inserts or deletes the task.
    void add(std::string_view request_id, task_id task);
    void remove(connection& db, std::string_view request_id, task_id task);

    // At the end of a transaction: where memory holds enough, moves about as many into the table as were added. One
    // that added none writes nothing here.
    void file_some(connection& db);
    // The same for all there are, so that the next process has none to read; or for as many as there is time for.
    void file_all(connection& db, std::chrono::milliseconds limit);
    // Nothing is left for that.
    bool is_all_filed() const { return newest_ == until_; }
    // That transaction was committed.
    void committed();

    // The tasks that may have that requestId; others whose hash is the same are among them. Finds what was committed
    // before the call, unless `db` has a transaction open whose view is older. Any thread.
    std::vector<task_id> candidates(connection& db, std::string_view request_id) const;

private:
    struct entry {
        std::int32_t hash;
        task_id task;
    };
    // Each holds a range of hashes, and each range lies above the one before.
    static constexpr std::size_t bucket_count = 1024;
    using buckets = std::array<std::vector<entry>, bucket_count>;

    static std::size_t bucket_of(std::int32_t hash);
    std::size_t file_bucket(connection& db);
    void write_until(connection& db, task_id task);
    void begin_survey(connection& db);
    std::vector<entry> next_surveyed(connection& db) const;

    const request_index_limits limits_;
    mutable std::mutex lock_; // over these three
    buckets recent_;          // only the writer's thread changes them
    // Of the table. What leaves `recent_` is in both.
    std::optional<hash_filter> filter_;
    std::optional<hash_filter> next_filter_; // being made

    entry surveyed_{};     // the last row that the survey has seen
    std::size_t size_ = 0; // of all buckets
    std::size_t next_ = 0; // the bucket to be filed next
    // Memory was given too many to begin with: a whole round is made, or `until_` would not move in a short life.
    bool behind_ = false;
    task_id newest_ = 0; // that was ever added
    task_id newest_when_round_began_ = 0;
    task_id until_ = 0; // what the counter says

    // In this transaction:
    std::size_t added_ = 0;
    std::vector<std::size_t> filed_; // buckets
    std::vector<entry> removed_;     // that memory may have
};

} // namespace seedhook::sqlite
