// A connection to SQLite with cached statements. Failures are thrown as `sqlite_failure` so that a transaction unwinds;
// they never leave this folder: `database` turns them into errors.
#pragma once

#include "seedhook/model/error.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace seedhook::sqlite {

class sqlite_failure : public std::runtime_error {
public:
    sqlite_failure(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
    error as_error() const;

    // True for a file that was being changed when its writer was killed, and that can be read once a connection that
    // may write to it has rolled that back.
    bool needs_rollback() const noexcept;

private:
    int code_; // extended result code
};

// Bytes that are no text.
struct blob {
    explicit blob(std::string b) : bytes(std::move(b)) {}
    std::string bytes;
};

// A statement that is being run. Resets it at its end of life.
class cursor {
public:
    explicit cursor(sqlite3_stmt* statement) : statement_(statement) {}
    ~cursor();
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;

    bool next(); // false: no further row
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::string text(int column) const; // of a blob: its bytes

private:
    sqlite3_stmt* statement_;
};

class connection {
public:
    // `inspect`: leaves even the log alone, which a reader's end may move into the file.
    enum class access { read_write, read_only, inspect };

    // Opens the file; with read_write it is made when missing.
    connection(const std::string& path, access how);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Runs statements without parameters and rows (pragmas, schema, transaction control).
    void script(const std::string& sql);

    // The statement that runs just now fails, with errc::timed_out. Any thread.
    void interrupt() noexcept { sqlite3_interrupt(handle_); }

    // Runs one statement to its end and returns the number of rows it changed. `sql` must be a literal: its address is
    // the key of the statement cache.
    template <class... Values>
    std::int64_t run(std::string_view sql, const Values&... values) {
        cursor rows(prepared(sql));
        bind_all(SQLITE_STATIC, values...);
        while (rows.next()) {
        }
        return sqlite3_changes64(handle_);
    }

    // Runs one query. `sql` as for `run`. Only one cursor of the same text may live at a time.
    template <class... Values>
    cursor query(std::string_view sql, const Values&... values) {
        prepared(sql);
        bind_all(SQLITE_TRANSIENT, values...);
        return cursor(present_);
    }

    // The first column of the only row.
    template <class... Values>
    std::int64_t number(std::string_view sql, const Values&... values) {
        cursor rows = query(sql, values...);
        return rows.next() ? rows.integer(0) : 0;
    }

    std::int64_t last_id() const { return sqlite3_last_insert_rowid(handle_); }

private:
    sqlite3_stmt* prepared(std::string_view sql);
    // Texts are copied (SQLITE_TRANSIENT) unless they live until the statement has run (SQLITE_STATIC).
    template <class... Values>
    void bind_all([[maybe_unused]] sqlite3_destructor_type texts, const Values&... values) {
        int index = 0;
        (bind(++index, texts, values), ...);
    }
    void bind(int index, sqlite3_destructor_type texts, std::int64_t value);
    void bind(int index, sqlite3_destructor_type texts, std::string_view value);
    void bind(int index, sqlite3_destructor_type texts, const blob& value);
    template <class T>
    void bind(int index, sqlite3_destructor_type texts, const std::optional<T>& value) {
        if (value) {
            bind(index, texts, *value);
        } else {
            bind_null(index);
        }
    }
    void bind_null(int index);
    void check(int code, std::string_view doing);

    sqlite3* handle_ = nullptr;
    sqlite3_stmt* present_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

} // namespace seedhook::sqlite
