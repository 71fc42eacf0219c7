// The newest tasks in memory, the others in the table `requests`.
#include "store/sqlite/request_index.hpp"

#include "seedhook/crypto/hash.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::sqlite {
namespace {

// So many stay in memory (a megabyte). A round of the buckets takes twice as many new tasks, and a process that was
// killed leaves up to two rounds of them to be read. A million tasks fill 7,000 pages of the table: nine a page.
constexpr std::size_t most_in_memory = 32 * 1024;
// What a commit files beyond what it adds, at most, where memory holds too many: the time of about a millisecond.
constexpr std::size_t most_ahead = 512;
// Rows of the table that are looked at in one piece.
constexpr std::size_t rows_a_slice = 4096;

// 32 bits are enough: who has found a few tasks looks at their names. A page holds twice as many of these.
std::int32_t hash_of(std::string_view request_id) {
    const crypto::sha256_digest digest = crypto::sha256_of(request_id);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < sizeof bits; ++i) {
        bits = bits << 8 | digest[i];
    }
    return static_cast<std::int32_t>(bits); // signed, or half of them would take six bytes in the file
}

void write_filed_until(connection& db, task_id task) {
    db.run("INSERT INTO counters (name, value) VALUES ('requests_until', ?) "
           "ON CONFLICT DO UPDATE SET value = excluded.value",
           task);
}

} // namespace

std::size_t request_index::bucket_of(std::int32_t hash) {
    const auto from_zero = static_cast<std::uint64_t>(std::int64_t{hash} - INT32_MIN);
    return static_cast<std::size_t>(from_zero * bucket_count >> 32);
}

void request_index::load(connection& db) {
    buckets found;
    std::size_t size = 0;
    newest_ = db.number("SELECT value FROM counters WHERE name = 'requests_until'");
    cursor rows = db.query("SELECT id, request_id FROM tasks WHERE id > ? ORDER BY id", newest_);
    for (; rows.next(); ++size) {
        newest_ = rows.integer(0);
        const std::int32_t hash = hash_of(rows.text(1));
        found[bucket_of(hash)].push_back({hash, newest_});
    }
    size_ = size;
    added_ = 0;
    next_ = 0;
    filed_.clear();
    newest_when_round_began_ = newest_;
    const bool has_filed = db.number("SELECT EXISTS (SELECT 1 FROM requests)") != 0;
    const std::lock_guard guard(lock_);
    recent_ = std::move(found);
    // What a commit filed of which nobody knows whether it stands is in no filter.
    next_filter_.reset();
    filter_.reset();
    if (!has_filed) {
        filter_.emplace(0);
    }
}

bool request_index::wants_survey() const {
    const std::lock_guard guard(lock_);
    return !filter_ || filter_->is_worn();
}

void request_index::survey(connection& db, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    begin_survey(db);
    do {
        const std::vector<entry> seen = next_surveyed(db);
        const std::lock_guard guard(lock_);
        for (const entry& e : seen) {
            next_filter_->add(e.hash);
        }
        if (seen.size() < rows_a_slice) {
            next_filter_->complete();
            filter_ = std::move(next_filter_);
            next_filter_.reset();
            return;
        }
        surveyed_ = seen.back();
    } while (std::chrono::steady_clock::now() < end);
}

// Before the table is looked at: what is filed from now on is in the new filter, whether or not a slice shows it.
void request_index::begin_survey(connection& db) {
    const std::int64_t tasks = db.number("SELECT sum(value) FROM counters WHERE name LIKE 'stage:%'");
    const std::lock_guard guard(lock_);
    if (!next_filter_) {
        next_filter_.emplace(static_cast<std::size_t>(std::max<std::int64_t>(tasks, 0)));
        surveyed_ = {INT32_MIN, 0};
    }
}

std::vector<request_index::entry> request_index::next_surveyed(connection& db) const {
    std::vector<entry> seen;
    cursor rows = db.query("SELECT hash, task FROM requests WHERE (hash, task) > (?, ?) ORDER BY hash, task LIMIT ?",
                           std::int64_t{surveyed_.hash}, surveyed_.task, std::int64_t{rows_a_slice});
    while (rows.next()) {
        seen.push_back({static_cast<std::int32_t>(rows.integer(0)), rows.integer(1)});
    }
    return seen;
}

void request_index::add(std::string_view request_id, task_id task) {
    const std::int32_t hash = hash_of(request_id);
    ++size_;
    ++added_;
    newest_ = task;
    const std::lock_guard guard(lock_);
    recent_[bucket_of(hash)].push_back({hash, task});
}

void request_index::remove(connection& db, std::string_view request_id, task_id task) {
    const std::int32_t hash = hash_of(request_id);
    db.run("DELETE FROM requests WHERE hash = ? AND task = ?", std::int64_t{hash}, task);
    const std::lock_guard guard(lock_);
    size_ -= std::erase_if(recent_[bucket_of(hash)], [&](const entry& e) { return e.task == task; });
}

void request_index::file_some(connection& db) {
    const std::size_t most = std::exchange(added_, 0) + most_ahead;
    std::size_t count = 0;
    while (size_ - count > most_in_memory && count < most && filed_.size() < bucket_count) {
        count += file_bucket(db);
    }
}

void request_index::file_all(connection& db) {
    while (filed_.size() < bucket_count) {
        file_bucket(db);
    }
    write_filed_until(db, newest_);
}

// They stay in memory as well until the table has them for good. Returns how many.
std::size_t request_index::file_bucket(connection& db) {
    std::vector<entry> sorted = recent_[next_];
    std::sort(sorted.begin(), sorted.end(), [](const entry& a, const entry& b) { return a.hash < b.hash; });
    for (const entry& e : sorted) {
        // After a crash the table may have it already.
        db.run("INSERT INTO requests (hash, task) VALUES (?, ?) ON CONFLICT DO NOTHING", std::int64_t{e.hash}, e.task);
    }
    filed_.push_back(next_);
    next_ = (next_ + 1) % bucket_count;
    if (next_ == 0) {
        write_filed_until(db, std::exchange(newest_when_round_began_, newest_));
    }
    return sorted.size();
}

void request_index::committed() {
    const std::lock_guard guard(lock_);
    for (const std::size_t number : filed_) {
        for (const entry& e : recent_[number]) {
            if (filter_) {
                filter_->add(e.hash);
            }
            if (next_filter_) {
                next_filter_->add(e.hash);
            }
        }
        size_ -= recent_[number].size();
        recent_[number].clear();
    }
    filed_.clear();
}

std::vector<task_id> request_index::candidates(connection& db, std::string_view request_id) const {
    const std::int32_t hash = hash_of(request_id);
    std::vector<task_id> found;
    {
        // Before the table is looked at: what has left memory by then is in the table.
        const std::lock_guard guard(lock_);
        for (const entry& e : recent_[bucket_of(hash)]) {
            if (e.hash == hash) {
                found.push_back(e.task);
            }
        }
        if (filter_ && !filter_->may_have(hash)) {
            return found;
        }
    }
    cursor rows = db.query("SELECT task FROM requests WHERE hash = ?", std::int64_t{hash});
    while (rows.next()) {
        if (const task_id task = rows.integer(0); std::find(found.begin(), found.end(), task) == found.end()) {
            found.push_back(task);
        }
    }
    return found;
}

} // namespace seedhook::sqlite
