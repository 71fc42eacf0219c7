// The store on SQLite: WAL, synchronous=FULL, one writer; checkpoints on a connection of their own.
#include "seedhook/store/database.hpp"

#include "store/sqlite/commands.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_reader.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

using sqlite::connection;
using sqlite::sqlite_failure;

// Holds `FILE.lock` for as long as it lives: one daemon a database. A file of its own, because closing any descriptor
// of the database itself would drop SQLite's own locks.
class file_lock {
public:
    static result<std::unique_ptr<file_lock>> take(const std::string& path) {
        const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor < 0) {
            return errno_error(path, errno);
        }
        auto lock = std::unique_ptr<file_lock>(new file_lock(descriptor));
        if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            return errno == EWOULDBLOCK ? error(errc::conflict, path + ": another seedhook is using this store")
                                        : errno_error(path, errno);
        }
        return lock;
    }
    ~file_lock() { ::close(descriptor_); }
    file_lock(const file_lock&) = delete;
    file_lock& operator=(const file_lock&) = delete;

private:
    explicit file_lock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

// What is stored is for the daemon's user alone.
result<void> create_privately(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return errno_error(path, errno);
    }
    ::close(descriptor);
    return {};
}

// A file of another program, or of a newer version, is left as it is: opening it to write would already change it.
result<void> look_first(const std::string& path) {
    try {
        connection db(path, connection::access::inspect);
        return sqlite::recognise(db);
    } catch (const sqlite_failure& failure) {
        if (!failure.needs_rollback()) {
            throw;
        }
    }
    connection db(path, connection::access::read_only); // rolls back, as every reader would, and changes nothing else
    return sqlite::recognise(db);
}

std::unique_ptr<connection> open_writer(const std::string& path) {
    auto db = std::make_unique<connection>(path, connection::access::read_write);
    // Of a file that is made just now; another keeps its own. What has no order, as the ids of tasks in their table,
    // goes to a page for a few rows: half a page is half the summing, copying and syncing.
    db->script("PRAGMA page_size = 2048");
    db->script("PRAGMA journal_mode = WAL");
    db->script("PRAGMA synchronous = FULL");
    // A checkpoint within a commit would hold up everyone who waits for it.
    db->script("PRAGMA wal_autocheckpoint = 0");
    db->script("PRAGMA temp_store = MEMORY");
    // KiB. In a large index each look for a requestId reads a page that nobody else needs. In SQLite's own 2 MiB such
    // pages push out the inner ones, of which ten million remembered ids alone have as many: each look would read two.
    db->script("PRAGMA cache_size = -8192");
    db->script("PRAGMA secure_delete = OFF"); // Debian's SQLite overwrites what is deleted; others do not
    return db;
}

class sqlite_database final : public database {
public:
    // Throws sqlite_failure.
    sqlite_database(std::string path, std::unique_ptr<file_lock> lock, std::unique_ptr<connection> db)
        : path_(std::move(path)), lock_(std::move(lock)), db_(std::move(db)), ids_(*db_) {
        requests_->load(*db_);
    }

    // Leaves everything in the database file and an empty log, so that a copy of the one is whole; unless there was a
    // failure, and then the log stays for the next to read.
    ~sqlite_database() override {
        const std::lock_guard guard(maintenance_);
        checkpointer_.reset();
        close_readers();
        try {
            if (db_) {
                file_requests();
                db_->run("PRAGMA wal_checkpoint(TRUNCATE)");
            }
        } catch (const sqlite_failure&) { // NOLINT(bugprone-empty-catch): nothing is lost with it
        }
    }

    result<std::vector<reply>> apply(std::span<const command> commands) override {
        if (!db_) {
            return error(errc::unavailable, path_ + ": not reopened since a failure");
        }
        try {
            return commit(commands);
        } catch (const sqlite_failure& failure) {
            // Whether the commit reached the disk is unknown, and the page cache may hold what the disk has lost.
            // The connection is closed; `reopen` finds out.
            db_.reset();
            return within(path_, failure.as_error());
        }
    }

    result<void> reopen() override {
        try {
            db_.reset();
            const std::lock_guard guard(maintenance_);
            checkpointer_.reset();
            close_readers();
            auto db = open_writer(path_);
            // Frames of the log that a failed fsync left in the page cache alone must not lie under later commits:
            // everything moves into the database file, is synced there, and the log begins anew.
            bool busy = false;
            {
                sqlite::cursor rows = db->query("PRAGMA wal_checkpoint(TRUNCATE)");
                busy = !rows.next() || rows.integer(0) != 0;
            }
            if (busy) {
                return error(errc::unavailable, path_ + ": a reader holds the log");
            }
            sqlite::cursor rows = db->query("PRAGMA quick_check(1)");
            const std::string verdict = rows.next() ? rows.text(0) : "no verdict";
            if (verdict != "ok") {
                return error(errc::io, path_ + ": damaged: " + verdict);
            }
            requests_->load(*db);
            db_ = std::move(db);
            return {};
        } catch (const sqlite_failure& failure) {
            return within(path_, failure.as_error());
        }
    }

    result<void> maintain() override {
        const std::lock_guard guard(maintenance_);
        try {
            if (has_log()) {
                if (!checkpointer_) {
                    checkpointer_ = open_writer(path_);
                    // While a checkpoint waits for a reader it may hold up the writer: better to try again later.
                    checkpointer_->script("PRAGMA busy_timeout = 100");
                }
                checkpoint(*checkpointer_);
            }
            if (requests_->wants_survey()) {
                connection db(path_, connection::access::read_only); // with a small cache, and that not for long
                requests_->survey(db, std::chrono::milliseconds(500));
            }
            return {};
        } catch (const sqlite_failure& failure) {
            checkpointer_.reset();
            return within(path_, failure.as_error());
        }
    }

    std::unique_ptr<database_reader> make_reader() override {
        const std::lock_guard guard(maintenance_);
        readers_.push_back(std::make_shared<sqlite::reader_connection>());
        return sqlite::make_sqlite_reader(path_, readers_.back(), requests_);
    }

private:
    // What SQLite keeps in common between a process's connections (locks, the shared index and whether it may be
    // written) lives as long as one of them does: a fault in there goes only with the last.
    void close_readers() {
        for (const auto& reader : readers_) {
            const std::lock_guard guard(reader->lock);
            reader->db.reset();
        }
    }

    void file_requests() {
        if (!requests_->is_all_filed()) {
            db_->run("BEGIN IMMEDIATE");
            requests_->file_all(*db_, std::chrono::seconds(3)); // a stop has little time
            db_->run("COMMIT");
        }
    }

    // A clean end leaves an empty one.
    bool has_log() const {
        std::error_code failed;
        return std::filesystem::file_size(path_ + "-wal", failed) != 0 || failed;
    }

    // Not too often (`maintain_every`): a page of an index that was written a hundred times is moved once. Under steady
    // load a passive checkpoint never catches up with the writer, and the log would only grow: past 4 MiB the writer is
    // made to begin it anew, which holds it up for the frames that are left. To leave few, what came during the first
    // round is moved in a second. Syncing a log that is written over costs half of syncing one that grows.
    static void checkpoint(connection& db) {
        constexpr std::int64_t most_frames = 2048;
        if (move_frames(db) > most_frames) {
            move_frames(db);
            db.run("PRAGMA wal_checkpoint(RESTART)"); // a busy one says so in its row and is no failure
        }
    }

    // Returns how many the log has.
    static std::int64_t move_frames(connection& db) {
        sqlite::cursor rows = db.query("PRAGMA wal_checkpoint(PASSIVE)");
        return rows.next() ? rows.integer(1) : 0;
    }

    std::vector<reply> commit(std::span<const command> commands) {
        std::vector<reply> replies;
        replies.reserve(commands.size());
        db_->run("BEGIN IMMEDIATE");
        sqlite::transaction transaction(*db_, ids_, *requests_);
        for (const command& c : commands) {
            replies.push_back(std::visit([&](const auto& one) -> reply { return transaction.run(one); }, c));
        }
        transaction.write_counts();
        requests_->file_some(*db_);
        db_->run("COMMIT");
        requests_->committed();
        return replies;
    }

    std::string path_;
    std::unique_ptr<file_lock> lock_;
    std::unique_ptr<connection> db_; // none after a failure
    sqlite::remembered_ids ids_;
    // Readers have it, too.
    std::shared_ptr<sqlite::request_index> requests_ = std::make_shared<sqlite::request_index>();
    std::mutex maintenance_; // over what follows
    std::unique_ptr<connection> checkpointer_;
    std::vector<std::shared_ptr<sqlite::reader_connection>> readers_;
};

} // namespace

result<std::unique_ptr<database>> open_sqlite(const sqlite_settings& settings) {
    auto lock = file_lock::take(settings.path + ".lock");
    if (!lock) {
        return lock.error();
    }
    if (auto made = create_privately(settings.path); !made) {
        return made.error();
    }
    try {
        if (auto known = look_first(settings.path); !known) {
            return within(settings.path, known.error());
        }
        auto db = open_writer(settings.path);
        if (auto migrated = sqlite::migrate(*db); !migrated) {
            return within(settings.path, migrated.error());
        }
        return std::unique_ptr<database>(
            std::make_unique<sqlite_database>(settings.path, std::move(*lock), std::move(db)));
    } catch (const sqlite_failure& failure) {
        return within(settings.path, failure.as_error());
    }
}

} // namespace seedhook
