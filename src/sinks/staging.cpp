// Staged files: reflink where possible, else a hard link where nobody can tell, else a copy inside the kernel, else
// through a buffer.
#include "sinks/staging.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace seedhook {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t copied_at_once = std::uint64_t{32} << 20; // the longest a cancelled caller waits for
constexpr std::size_t buffer_size = std::size_t{32} << 10;        // no larger, as in fetch/part.cpp

// A link is staged beside the empty file that was made first. That name is opened for writing by the next attempt.
constexpr std::string_view link_suffix = ".link";

bool same_file(const struct stat& a, const struct stat& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Waits for it: it is held for no longer than a few calls on names and modes.
bool lock_folder(int folder) {
    int locked = -1;
    do {
        locked = ::flock(folder, LOCK_EX);
    } while (locked != 0 && errno == EINTR);
    return locked == 0;
}

// The group that the file is to have: without a name for it, that of a file made here. It may be the folder's.
ownership resolved(const ownership& who, const struct stat& made_here) {
    ownership all = who;
    all.owner = who.owner.value_or(made_here.st_uid);
    all.group = who.group.value_or(made_here.st_gid);
    return all;
}

// An access list or a label: files made elsewhere have another.
bool has_attributes(int fd) { return ::flistxattr(fd, nullptr, 0) > 0; }

// One step of a copy through a buffer. The bytes copied, or -1 with errno.
ssize_t copy_buffered(int from, int to, std::uint64_t at, std::uint64_t most) {
    std::array<char, buffer_size> buffer;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), most));
    const ssize_t got = ::pread(from, buffer.data(), size, static_cast<off_t>(at));
    return got <= 0 ? got : ::pwrite(to, buffer.data(), static_cast<std::size_t>(got), static_cast<off_t>(at));
}

} // namespace

staged_file::~staged_file() {
    if (file_ && !name_.empty()) {
        ::unlinkat(folder_.get(), name_.c_str(), 0);
    }
}

tried<staged_file> staged_file::create(int root, const fs::path& shown_root, const std::string& name) {
    const std::string hidden(staging_folder);
    const fs::path shown = shown_root / hidden / name;
    for (int tries = 0; tries < 3; ++tries) {
        if (::mkdirat(root, hidden.c_str(), 0700) != 0 && errno != EEXIST) {
            return outcome_of_errno("making the folder " + (shown_root / hidden).string(), errno);
        }
        staged_file made;
        made.folder_ = unique_fd(::openat(root, hidden.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!made.folder_ && errno != ENOENT) {
            return outcome_of_errno("opening the folder " + (shown_root / hidden).string(), errno);
        }
        unique_fd file(::openat(made.folder_.get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file && errno != ENOENT && errno != EBADF) {
            return outcome_of_errno("making " + shown.string(), errno);
        }
        if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            return outcome(again("the same delivery is under way already"));
        }
        // Between opening and locking, the one who had it may have given it its final name.
        struct stat held {};
        struct stat named {};
        if (file && ::fstat(file.get(), &held) == 0 &&
            ::fstatat(made.folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && same_file(held, named)) {
            if (held.st_nlink > 1) { // a crash left it beside its final name: what is under that one stays
                ::unlinkat(made.folder_.get(), name.c_str(), 0);
                continue;
            }
            ::unlinkat(made.folder_.get(), (name + std::string(link_suffix)).c_str(), 0);
            if (::ftruncate(file.get(), 0) != 0) {
                return outcome_of_errno("emptying " + shown.string(), errno);
            }
            made.file_ = std::move(file);
            made.name_ = name;
            made.path_ = shown;
            return made;
        }
    }
    return outcome(again("making " + shown.string() + ": it vanished again and again"));
}

bool staged_file::clone(int from) { return ::ioctl(file_.get(), FICLONE, from) == 0; }

bool staged_file::link(int from, const fs::path& from_folder, const ownership& who) {
    // Two sinks may be at the same file. Not its own lock: those who read what is delivered could hold that.
    const unique_fd lock(::open(from_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat there {};
    struct stat own {};
    if (!lock || !lock_folder(lock.get()) || ::fstat(from, &there) != 0 || ::fstat(file_.get(), &own) != 0) {
        return false;
    }
    const ownership wanted = resolved(who, own);
    const bool fits = (there.st_mode & 07777) == wanted.mode && there.st_gid == *wanted.group;
    const bool ours_alone = there.st_uid == ::geteuid() && there.st_uid == *wanted.owner &&
                            (wanted.mode & (S_IWGRP | S_IWOTH)) == 0 && (wanted.mode & S_IRUSR) != 0;
    unique_fd shared(::fcntl(from, F_DUPFD_CLOEXEC, 0));
    const std::string name = name_ + std::string(link_suffix);
    const std::string opened = "/proc/self/fd/" + std::to_string(from);
    if (!ours_alone || (!fits && there.st_nlink > 1) || has_attributes(from) || has_attributes(file_.get()) ||
        !shared || ::linkat(AT_FDCWD, opened.c_str(), folder_.get(), name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        return false;
    }
    if (!fits && !apply(wanted, from, path_)) {
        ::unlinkat(folder_.get(), name.c_str(), 0);
        return false;
    }
    ::unlinkat(folder_.get(), name_.c_str(), 0);
    name_ = name;
    file_ = std::move(shared);
    return true;
}

tried<bool> staged_file::copy_piece(int from, std::uint64_t size) {
    const std::uint64_t begin = copied_;
    const std::uint64_t stop = std::min(size, copied_ + copied_at_once);
    while (copied_ < stop) {
        ssize_t got = -1;
        if (in_kernel_) {
            auto read_at = static_cast<off_t>(copied_);
            auto write_at = read_at;
            got =
                ::copy_file_range(from, &read_at, file_.get(), &write_at, static_cast<std::size_t>(stop - copied_), 0);
            if (got < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
                in_kernel_ = false;
                continue;
            }
        } else {
            got = copy_buffered(from, file_.get(), copied_, stop - copied_);
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return outcome_of_errno("writing " + path_.string(), errno);
        }
        if (got == 0) {
            return outcome(again("the video in the spool became shorter while it was copied"));
        }
        copied_ += static_cast<std::uint64_t>(got);
    }
    // Starts the write-back now, so that the sync at the end finds little left to do. A hint: failure shows there.
    ::sync_file_range(file_.get(), static_cast<off_t>(begin), static_cast<off_t>(copied_ - begin),
                      SYNC_FILE_RANGE_WRITE);
    return copied_ == size;
}

tried<void> staged_file::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(file_.get(), text.data(), text.size());
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return outcome_of_errno("writing " + path_.string(), wrote < 0 ? errno : EIO);
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

tried<void> staged_file::seal(const ownership& who) {
    if (auto applied = apply(who, file_.get(), path_); !applied) {
        return applied;
    }
    if (::fsync(file_.get()) != 0) {
        return outcome_of_errno("syncing " + path_.string(), errno);
    }
    return {};
}

int staged_file::place(int folder, const std::string& name, bool replace) {
    const int failure = rename_file(folder_.get(), name_, folder, name, replace);
    if (failure == 0) {
        name_.clear();
    }
    return failure;
}

void sweep_staging(const fs::path& root) {
    const fs::path hidden = root / staging_folder;
    const auto day_ago = std::chrono::system_clock::now() - std::chrono::hours(24);
    std::error_code failure;
    if (!fs::is_directory(fs::symlink_status(hidden, failure))) {
        return;
    }
    for (fs::directory_iterator next(hidden, failure), end; !failure && next != end; next.increment(failure)) {
        const unique_fd file(::open(next->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat seen {};
        // A link may be as old as the video is and still be on its way; it takes no room of its own.
        const bool stale = file && ::fstat(file.get(), &seen) == 0 && S_ISREG(seen.st_mode) && seen.st_nlink == 1 &&
                           std::chrono::system_clock::from_time_t(seen.st_mtim.tv_sec) < day_ago;
        if (stale && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
            ::unlink(next->path().c_str());
        }
    }
}

} // namespace seedhook
