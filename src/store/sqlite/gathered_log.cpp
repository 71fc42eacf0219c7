// The methods of a log that gathers its writes, and the VFS that opens it.
#include "store/sqlite/gathered_log.hpp"

#include "store/sqlite/connection.hpp"

#include <cstddef>
#include <new>
#include <string>

namespace seedhook::sqlite {
namespace {

// SQLite's own layer for Unix takes no more than 2^17 - 1 bytes in one write.
constexpr std::size_t most_gathered = 96 * 1024;

// A log that SQLite has open: ours, and behind it in the same piece of memory the one of the layer below.
struct log_file {
    sqlite3_file base; // first: SQLite hands us a pointer to it
    std::string gathered;
    sqlite3_int64 begin = 0; // of what is gathered, in the file

    sqlite3_file* below() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }

    // What cannot be written is dropped: SQLite then gives the transaction up.
    int write_out() noexcept {
        if (gathered.empty()) {
            return SQLITE_OK;
        }
        const int code = below()->pMethods->xWrite(below(), gathered.data(), static_cast<int>(gathered.size()), begin);
        gathered.clear();
        return code;
    }

    int write(const void* data, int size, sqlite3_int64 at) noexcept {
        const bool follows = at == begin + static_cast<sqlite3_int64>(gathered.size());
        if (!gathered.empty() && (!follows || gathered.size() + static_cast<std::size_t>(size) > most_gathered)) {
            if (const int code = write_out(); code != SQLITE_OK) {
                return code;
            }
        }
        begin = gathered.empty() ? at : begin;
        try {
            gathered.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
        } catch (const std::bad_alloc&) {
            return SQLITE_IOERR_NOMEM;
        }
        return SQLITE_OK;
    }
};

log_file& of(sqlite3_file* file) noexcept { return *reinterpret_cast<log_file*>(file); }

// Calls the layer below once nothing is gathered any more.
template <auto Method, class... Arguments>
int after_writing(sqlite3_file* file, Arguments... arguments) noexcept {
    const int code = of(file).write_out();
    return code == SQLITE_OK ? (of(file).below()->pMethods->*Method)(of(file).below(), arguments...) : code;
}

template <auto Method, class... Arguments>
int passed_on(sqlite3_file* file, Arguments... arguments) noexcept {
    return (of(file).below()->pMethods->*Method)(of(file).below(), arguments...);
}

// What is still gathered belongs to a transaction that was given up.
int close_log(sqlite3_file* file) noexcept {
    const int closed = of(file).below()->pMethods->xClose(of(file).below());
    of(file).~log_file();
    return closed;
}

int write_log(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) noexcept {
    return of(file).write(data, size, at);
}

using io = sqlite3_io_methods;

// Shared memory and mapping belong to the database file, which is not ours.
constexpr io log_methods{
    .iVersion = 1,
    .xClose = close_log,
    .xRead = after_writing<&io::xRead>,
    .xWrite = write_log,
    .xTruncate = after_writing<&io::xTruncate>,
    .xSync = after_writing<&io::xSync>,
    .xFileSize = after_writing<&io::xFileSize>,
    .xLock = passed_on<&io::xLock>,
    .xUnlock = passed_on<&io::xUnlock>,
    .xCheckReservedLock = passed_on<&io::xCheckReservedLock>,
    .xFileControl = passed_on<&io::xFileControl>,
    .xSectorSize = passed_on<&io::xSectorSize>,
    .xDeviceCharacteristics = passed_on<&io::xDeviceCharacteristics>,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* system_layer() noexcept {
    static sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
    return system;
}

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* outcome) noexcept {
    sqlite3_vfs* const system = system_layer();
    if ((flags & SQLITE_OPEN_WAL) == 0) {
        return system->xOpen(system, name, file, flags, outcome);
    }
    auto* log = new (file) log_file{};
    const int code = system->xOpen(system, name, log->below(), flags, outcome);
    if (code != SQLITE_OK) {
        log->~log_file();
        file->pMethods = nullptr; // nothing to be closed
        return code;
    }
    log->base.pMethods = &log_methods;
    return SQLITE_OK;
}

} // namespace

const char* gathered_log() {
    static sqlite3_vfs layer = [] {
        sqlite3_vfs made = *system_layer(); // every other call goes to the system's own
        made.zName = "seedhook";
        made.pNext = nullptr;
        made.szOsFile += static_cast<int>(sizeof(log_file));
        made.xOpen = open_file;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&layer, 0);
    if (registered != SQLITE_OK) {
        throw sqlite_failure(registered, "registering a VFS");
    }
    return layer.zName;
}

} // namespace seedhook::sqlite
