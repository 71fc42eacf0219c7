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
    const std::lock_guard guard(lock_);
    recent_ = std::move(found);
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
