// Looking at a store from outside.
#include "seedhook/async/unique_fd.hpp"
#include "seedhook/store/database.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace seedhook {
namespace {

using sqlite::connection;

// Asked for and given back at once: a daemon that starts meanwhile must find it free.
bool is_taken(const std::string& lock_file) {
    const unique_fd lock(::open(lock_file.c_str(), O_RDONLY | O_CLOEXEC));
    return lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// Ends what runs on the connection once the limit has passed. SQLite's own progress handler is not called while it
// looks at a table's pages.
class time_keeper {
public:
    time_keeper(connection& db, duration limit)
        : thread_([&db, limit](const std::stop_token& stop) {
              std::mutex own;
              std::unique_lock lock(own);
              std::condition_variable_any ended;
              ended.wait_for(lock, stop, limit, [] { return false; });
              while (!stop.stop_requested()) { // again, as it may have come between two statements
                  db.interrupt();
                  ended.wait_for(lock, stop, std::chrono::milliseconds(1), [] { return false; });
              }
          }) {}

private:
    std::jthread thread_;
};

result<store_inspection> check_pages(connection& db) {
    try {
        sqlite::cursor found = db.query("PRAGMA quick_check(1)");
        const std::string first = found.next() ? found.text(0) : "nothing";
        if (first != "ok") {
            return error(errc::io, "it is damaged: " + first);
        }
        return store_inspection{true};
    } catch (const sqlite::sqlite_failure& failure) {
        if (failure.as_error().code != errc::timed_out) {
            return failure.as_error();
        }
        return store_inspection{false};
    }
}

} // namespace

result<store_inspection> inspect_sqlite(const sqlite_settings& settings, duration limit) {
    if (is_taken(settings.path + ".lock")) {
        return error(errc::conflict, settings.path + ": a daemon is using this store");
    }
    if (::access(settings.path.c_str(), R_OK | W_OK) != 0) {
        return errno_error(settings.path, errno);
    }
    try {
        connection db(settings.path, connection::access::inspect);
        if (auto known = sqlite::recognise(db); !known) {
            return within(settings.path, known.error());
        }
        const time_keeper keeper(db, limit);
        auto found = check_pages(db);
        if (!found) {
            return within(settings.path, found.error());
        }
        return found;
    } catch (const sqlite::sqlite_failure& failure) {
        if (failure.needs_rollback()) {
            return error(errc::unavailable, settings.path +
                                                ": a daemon was killed while it made this store; the next one to "
                                                "start mends it");
        }
        return within(settings.path, failure.as_error());
    }
}

} // namespace seedhook
