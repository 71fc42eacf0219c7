// The folder in which videos wait until every sink has them.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seedhook {

struct spool_settings {
    std::filesystem::path path;
    std::uint64_t max_bytes = 0; // of all files together, running transfers at their full length
    std::uint64_t min_free = 0;  // left on the file system
};

// A running transfer's hold on the spool's room, so that transfers side by side cannot overshoot a limit together.
// It ends with the object; what then lies on the disk counts as it is. The spool must outlive it.
class spool_claim {
public:
    virtual ~spool_claim() = default;

    // Sets room aside for the transfer to become `total` bytes long. errc::no_space when that would pass a limit; the
    // message says which.
    virtual result<void> extend(std::uint64_t total) = 0;

    // Says that `size` bytes of it take up room on the disk by now.
    virtual void on_disk(std::uint64_t size) noexcept = 0;
};

// Any thread; blocks on the disk. A name is one of `spool_name`; errc::invalid for any other.
class spool {
public:
    virtual ~spool() = default;

    // Where the video of that name lies, there or not. Empty when it is no name of the spool's.
    virtual std::filesystem::path path_of(const std::string& name) const = 0;
    virtual bool holds(const video_file& video) const = 0; // there, with that size

    // How much of that name's transfer has come so far; nothing when there is no part of it.
    virtual std::optional<std::uint64_t> fetched(const std::string& name) const = 0;

    // errc::no_space when `more` bytes would pass a limit; the message says which.
    virtual result<void> room_for(std::uint64_t more) const = 0;
    virtual std::uint64_t bytes() const = 0;

    // How many more bytes fit before a limit is met; none when the disk does not say.
    virtual std::uint64_t room() const = 0;

    // For the transfer of that name, which may have left a part of the file here. errc::conflict while another runs.
    virtual result<std::unique_ptr<spool_claim>> claim(const std::string& name) = 0;

    // Removes the video and what is left of its transfer. Not there: success.
    virtual result<void> remove(const std::string& name) = 0;

    // Removes every video, and what transfers left, that is not in `in_use`; says how many files. What no spool made is
    // left alone. For start-up.
    virtual result<std::size_t> sweep(const std::vector<std::string>& in_use) = 0;

    // Writes and removes a file, for readiness.
    virtual result<void> probe() const = 0;
};

// Makes the folder (0700) when it is missing.
result<std::unique_ptr<spool>> open_spool(spool_settings settings);

// The name of a task's video in the spool, from its source and requestId alone: `main/req_1.mp4`.
std::string spool_name(const task& of);

} // namespace seedhook
