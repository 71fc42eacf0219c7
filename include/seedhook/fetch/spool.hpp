// The folder in which videos wait until every sink has them.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace seedhook {

struct spool_settings {
    std::filesystem::path path;
    std::uint64_t max_bytes = 0; // of all files together
    std::uint64_t min_free = 0;  // left on the file system
};

// Any thread; blocks on the disk.
class spool {
public:
    virtual ~spool() = default;

    // Where the video of that name lies, there or not.
    virtual std::filesystem::path path_of(const std::string& name) const = 0;
    virtual bool holds(const video_file& video) const = 0; // there, with that size

    // errc::no_space when `more` bytes would pass a limit; the message says which.
    virtual result<void> room_for(std::uint64_t more) const = 0;
    virtual std::uint64_t bytes() const = 0;

    // Removes the video and what is left of its transfer. Not there: success.
    virtual result<void> remove(const std::string& name) = 0;

    // Removes every file that is not in `in_use` and is no transfer of one; says how many. For start-up.
    virtual result<std::size_t> sweep(const std::vector<std::string>& in_use) = 0;

    // Writes and removes a file, for readiness.
    virtual result<void> probe() const = 0;
};

// Makes the folder (0700) when it is missing.
result<std::unique_ptr<spool>> open_spool(spool_settings settings);

// The name of a task's video in the spool, from its source and requestId alone: `main/req_1.mp4`.
std::string spool_name(const task& of);

} // namespace seedhook
