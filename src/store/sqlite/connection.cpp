// SQLite's C interface, with every result code looked at.
#include "store/sqlite/connection.hpp"

#include "store/sqlite/gathered_log.hpp"

namespace seedhook::sqlite {
namespace {

errc errc_of(int code) noexcept {
    switch (code & 0xff) {
    case SQLITE_FULL:
        return errc::no_space;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return errc::forbidden;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
        return errc::unavailable;
    case SQLITE_NOTADB:
        return errc::invalid;
    case SQLITE_INTERRUPT:
        return errc::timed_out;
    case SQLITE_TOOBIG:
        return errc::too_large;
    default:
        return errc::io;
    }
}

// Before anything else of SQLite's runs; refused, and not needed, afterwards.
void set_up_sqlite() {
    // Its account of memory in use, which nobody reads, would take a lock at every allocation.
    [[maybe_unused]] static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

} // namespace

error sqlite_failure::as_error() const { return error(errc_of(code_), what()); }

bool sqlite_failure::needs_rollback() const noexcept { return code_ == SQLITE_READONLY_ROLLBACK; }

cursor::~cursor() {
    // The code that reset repeats was seen by next().
    sqlite3_reset(statement_);
}

bool cursor::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    sqlite3* handle = sqlite3_db_handle(statement_);
    throw sqlite_failure(sqlite3_extended_errcode(handle), sqlite3_errmsg(handle));
}

std::string cursor::text(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return data ? std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)) : std::string();
}

connection::connection(const std::string& path, access how) {
    set_up_sqlite();
    // A reader of a WAL database writes to the shared index beside it: it is kept from the data by query_only.
    const int flags = SQLITE_OPEN_NOMUTEX | (how == access::inspect ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      (how == access::read_write ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, gathered_log());
    if (code != SQLITE_OK) {
        const std::string why = path + ": " + (handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
        sqlite3_close(handle_);
        throw sqlite_failure(code, why);
    }
    // The last connection to close would move the log into the database and delete it. Where the shared index could be
    // opened only for reading, it moves nothing, finds that good, and deletes what was committed (SQLite 3.40; found by
    // scripts/faults). So it deletes nothing, and a log that is left is read again.
    int keep_log = 1;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_log);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, 5000);
    if (how == access::read_only) {
        script("PRAGMA query_only = ON");
    }
}

connection::~connection() {
    for (const auto& [sql, statement] : statements_) {
        sqlite3_finalize(statement);
    }
    sqlite3_close(handle_);
}

void connection::script(const std::string& sql) {
    check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), sql);
}

sqlite3_stmt* connection::prepared(std::string_view sql) {
    sqlite3_stmt*& statement = statements_[sql.data()];
    if (!statement) {
        check(sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                 &statement, nullptr),
              sql);
    }
    present_ = statement;
    return statement;
}

void connection::bind(int index, sqlite3_destructor_type, std::int64_t value) {
    check(sqlite3_bind_int64(present_, index, value), "bind");
}

void connection::bind(int index, sqlite3_destructor_type texts, std::string_view value) {
    check(sqlite3_bind_text64(present_, index, value.data() ? value.data() : "", value.size(), texts, SQLITE_UTF8),
          "bind");
}

void connection::bind(int index, sqlite3_destructor_type texts, const blob& value) {
    check(sqlite3_bind_blob64(present_, index, value.bytes.data(), value.bytes.size(), texts), "bind");
}

void connection::bind_null(int index) { check(sqlite3_bind_null(present_, index), "bind"); }

void connection::check(int code, std::string_view doing) {
    if (code != SQLITE_OK) {
        throw sqlite_failure(code, std::string(doing) + ": " + sqlite3_errmsg(handle_));
    }
}

} // namespace seedhook::sqlite
