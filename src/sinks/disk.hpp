// Files and folders of a sink on a local disk: every step names what it could not do and says what that comes to.
#pragma once

#include "seedhook/async/unique_fd.hpp"
#include "seedhook/model/job.hpp"

#include <boost/system/result.hpp>

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook {

// A value, or what the delivery comes to without it.
template <class T>
using tried = boost::system::result<T, outcome>;

// `what: strerror(value)`: blocked for what a person must mend (permission, room, links and mounts in the way),
// rejected for a name or a file that the file system cannot hold, again for the rest.
outcome outcome_of_errno(std::string_view what, int value);

// Whom the files belong to, and who may read them.
struct ownership {
    mode_t mode = 0640;
    std::optional<uid_t> owner;
    std::optional<gid_t> group;
};

// A folder below the sink's root, and all folders from the root to it.
class folder_chain {
public:
    // Opens the folders of `segments` one by one below `root`, making those that are missing: with `who`, and x where
    // it has r. Never through a symbolic link, so that none leads outside. A missing root is blocked, not made: it may
    // be a disk that is not mounted.
    static tried<folder_chain> open(const std::filesystem::path& root, const std::vector<std::string>& segments,
                                    const ownership& who);

    int fd() const noexcept { return folders_.back().get(); }
    int root_fd() const noexcept { return folders_.front().get(); }
    const std::filesystem::path& path() const noexcept { return path_; } // for people

    // Brings the names in the last folder, or in all of them, to stable storage.
    tried<void> sync() const;
    tried<void> sync_all() const;

private:
    std::filesystem::path path_;
    std::vector<unique_fd> folders_;
};

tried<void> sync_folder(int fd, const std::filesystem::path& shown);

// Sets owner, group and mode of an open file or folder.
tried<void> apply(const ownership& who, int fd, const std::filesystem::path& shown);

// Gives the file a new name, atomically. `replace`: over what bears that name; else EEXIST when something does.
// 0 or an errno value.
int rename_file(int from_folder, const std::string& from, int to_folder, const std::string& to, bool replace);

} // namespace seedhook
