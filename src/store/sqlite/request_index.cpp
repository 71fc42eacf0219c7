// The newest tasks in memory, the others in the table `requests`.
#include "store/sqlite/request_index.hpp"

#include "seedhook/crypto/hash.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::sqlite {
namespace {

// 32 bits are enough, as whoever has found a few tasks looks at their names; a page holds four times as many of them.
std::int32_t hash_of(std::string_view request_id) {
    const crypto::sha256_digest digest = crypto::sha256_of(request_id);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < sizeof bits; ++i) {
        bits = bits << 8 | digest[i];
    }
    return static_cast<std::int32_t>(bits); // signed, or half of them would take six bytes in the file
}

} // namespace

std::size_t request_index::bucket_of(std::int32_t hash) {
    const auto from_zero = static_cast<std::uint64_t>(std::int64_t{hash} - INT32_MIN);
    return static_cast<std::size_t>(from_zero * bucket_count >> 32);
}

void request_index::load(connection& db) {
    const task_id newest = db.number("SELECT max(id) FROM tasks");
    until_ = db.number("SELECT value FROM counters WHERE name = 'requests_until'");
    if (until_ > newest) { // somebody took out the newest by hand: their numbers will be given again
        write_until(db, newest);
    }
    buckets found;
    std::size_t size = 0;
    cursor rows = db.query("SELECT id, request_id FROM tasks WHERE id > ? ORDER BY id", until_);
    for (; rows.next(); ++size) {
        const std::int32_t hash = hash_of(rows.text(1));
        found[bucket_of(hash)].push_back({hash, rows.integer(0)});
    }
    size_ = size;
    next_ = 0;
    behind_ = size > limits_.in_memory;
    newest_ = newest;
    newest_when_round_began_ = newest;
    added_ = 0;
    filed_.clear();
    removed_.clear();
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

void request_index::write_until(connection& db, task_id task) {
    db.run("INSERT INTO counters (name, value) VALUES ('requests_until', ?) "
           "ON CONFLICT DO UPDATE SET value = excluded.value",
           task);
    until_ = task;
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
        std::optional<hash_filter> old; // freed when others may go on
        const std::lock_guard guard(lock_);
        for (const entry& e : seen) {
            next_filter_->add(e.hash);
        }
        if (seen.size() < limits_.slice) {
            next_filter_->complete();
            old = std::exchange(filter_, std::exchange(next_filter_, std::nullopt));
            return;
        }
        surveyed_ = seen.back();
    } while (std::chrono::steady_clock::now() < end);
}

// Before the table is looked at: what is filed from now on is in the new filter, whether or not a slice shows it.
void request_index::begin_survey(connection& db) {
    {
        const std::lock_guard guard(lock_);
        if (next_filter_) {
            return;
        }
    }
    const std::int64_t tasks = db.number("SELECT sum(value) FROM counters WHERE name LIKE 'stage:%'");
    hash_filter fresh(static_cast<std::size_t>(std::max<std::int64_t>(tasks, 0)));
    surveyed_ = {INT32_MIN, 0};
    const std::lock_guard guard(lock_);
    next_filter_ = std::move(fresh);
}

std::vector<request_index::entry> request_index::next_surveyed(connection& db) const {
    std::vector<entry> seen;
    cursor rows = db.query("SELECT hash, task FROM requests WHERE (hash, task) > (?, ?) ORDER BY hash, task LIMIT ?",
                           std::int64_t{surveyed_.hash}, surveyed_.task, static_cast<std::int64_t>(limits_.slice));
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

// Others find it until this is committed.
void request_index::remove(connection& db, std::string_view request_id, task_id task) {
    const std::int32_t hash = hash_of(request_id);
    db.run("DELETE FROM requests WHERE hash = ? AND task = ?", std::int64_t{hash}, task);
    if (task > until_) {
        removed_.push_back({hash, task});
    }
}

void request_index::file_some(connection& db) {
    if (added_ == 0) {
        return;
    }
    // The 130,000 that a life may leave are filed in 32 commits; one that is over before leaves few more.
    const std::size_t most = added_ + (behind_ ? 8 : 1) * limits_.ahead;
    std::size_t count = 0;
    while ((behind_ || size_ - count > limits_.in_memory) && count < most && filed_.size() < bucket_count) {
        count += file_bucket(db);
    }
}

void request_index::file_all(connection& db, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (filed_.size() < bucket_count && std::chrono::steady_clock::now() < end) {
        file_bucket(db);
    }
    if (filed_.size() == bucket_count) {
        write_until(db, newest_);
    }
}

// They stay in memory as well until the table has them for good. Returns how many left it.
std::size_t request_index::file_bucket(connection& db) {
    std::vector<entry> sorted = recent_[next_];
    std::erase_if(sorted, [&](const entry& e) {
        return std::any_of(removed_.begin(), removed_.end(), [&](const entry& r) { return r.task == e.task; });
    });
    std::sort(sorted.begin(), sorted.end(), [](const entry& a, const entry& b) { return a.hash < b.hash; });
    for (const entry& e : sorted) {
        // After a crash the table may have it already.
        db.run("INSERT INTO requests (hash, task) VALUES (?, ?) ON CONFLICT DO NOTHING", std::int64_t{e.hash}, e.task);
    }
    filed_.push_back(next_);
    const std::size_t leaving = recent_[next_].size();
    next_ = (next_ + 1) % bucket_count;
    if (next_ == 0) {
        behind_ = false;
        write_until(db, std::exchange(newest_when_round_began_, newest_));
    }
    return leaving;
}

void request_index::committed() {
    const std::lock_guard guard(lock_);
    for (const entry& e : removed_) {
        size_ -= std::erase_if(recent_[bucket_of(e.hash)], [&](const entry& r) { return r.task == e.task; });
    }
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
        recent_[number] = {}; // with its memory: after a long life there is far more of it than is used
    }
    added_ = 0;
    filed_.clear();
    removed_.clear();
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
