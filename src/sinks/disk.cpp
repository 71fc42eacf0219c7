// Folders opened one by one, and names given exclusively.
#include "sinks/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace seedhook {
namespace {

namespace fs = std::filesystem;

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

ownership for_folder(ownership who) {
    who.mode = 0700 | who.mode | (who.mode & 0444) >> 2;
    return who;
}

// Opens the folder `name`, making it when it is missing.
tried<unique_fd> enter(int parent, const std::string& name, const fs::path& shown, const ownership& who) {
    unique_fd folder(::openat(parent, name.c_str(), folder_flags));
    if (!folder && errno == ENOENT) {
        const bool made = ::mkdirat(parent, name.c_str(), 0700) == 0;
        if (!made && errno != EEXIST) { // another delivery may have been quicker
            return outcome_of_errno("making the folder " + shown.string(), errno);
        }
        folder = unique_fd(::openat(parent, name.c_str(), folder_flags));
        if (folder && made) {
            if (auto applied = apply(for_folder(who), folder.get(), shown); !applied) {
                return applied.error();
            }
            if (auto synced = sync_folder(parent, shown.parent_path()); !synced) {
                return synced.error();
            }
        }
    }
    if (folder) {
        return folder;
    }
    struct stat seen {};
    const int failure = errno;
    if (::fstatat(parent, name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(seen.st_mode)) {
        return outcome(blocked(shown.string() + " is a symbolic link, which is not followed below the sink's path"));
    }
    return outcome_of_errno("opening the folder " + shown.string(), failure);
}

} // namespace

outcome outcome_of_errno(std::string_view what, int value) {
    std::string why = std::string(what) + ": " + std::generic_category().message(value);
    switch (value) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOSPC:
    case EDQUOT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EXDEV:
        return blocked(std::move(why));
    case ENAMETOOLONG:
    case EFBIG:
    case EILSEQ:
        return rejected(std::move(why));
    default:
        return again(std::move(why));
    }
}

tried<void> sync_folder(int fd, const fs::path& shown) {
    if (::fsync(fd) != 0 && errno != EINVAL) { // EINVAL: a file system that has nothing to sync in folders
        return outcome_of_errno("syncing the folder " + shown.string(), errno);
    }
    return {};
}

tried<void> apply(const ownership& who, int fd, const fs::path& shown) {
    if ((who.owner || who.group) &&
        ::fchown(fd, who.owner.value_or(static_cast<uid_t>(-1)), who.group.value_or(static_cast<gid_t>(-1))) != 0) {
        return outcome_of_errno("setting owner and group of " + shown.string(), errno);
    }
    if (::fchmod(fd, who.mode) != 0) { // after the owner: a change of owner clears bits
        return outcome_of_errno("setting the mode of " + shown.string(), errno);
    }
    return {};
}

tried<folder_chain> folder_chain::open(const fs::path& root, const std::vector<std::string>& segments,
                                       const ownership& who) {
    folder_chain chain;
    chain.path_ = root;
    chain.folders_.emplace_back(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); // itself may be a link
    if (!chain.folders_.back()) {
        if (errno == ENOENT) {
            return outcome(blocked("the folder " + root.string() +
                                   " does not exist; it is not made, as it may be a disk that is not mounted"));
        }
        return outcome_of_errno("opening the folder " + root.string(), errno);
    }
    for (const std::string& segment : segments) {
        chain.path_ /= segment;
        auto next = enter(chain.fd(), segment, chain.path_, who);
        if (!next) {
            return next.error();
        }
        chain.folders_.push_back(std::move(*next));
    }
    return chain;
}

tried<void> folder_chain::sync() const { return sync_folder(fd(), path_); }

tried<void> folder_chain::sync_all() const {
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
        if (auto synced = sync_folder(folder->get(), path_); !synced) {
            return synced;
        }
    }
    return {};
}

int rename_file(int from_folder, const std::string& from, int to_folder, const std::string& to, bool replace) {
    if (::renameat2(from_folder, from.c_str(), to_folder, to.c_str(), replace ? 0 : RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (replace || (errno != EINVAL && errno != ENOSYS)) {
        return errno;
    }
    // NFS among others knows no exclusive rename; a hard link is exclusive everywhere.
    if (::linkat(from_folder, from.c_str(), to_folder, to.c_str(), 0) != 0) {
        return errno;
    }
    ::unlinkat(from_folder, from.c_str(), 0); // what stays is overwritten or swept; the delivery stands
    return 0;
}

} // namespace seedhook
