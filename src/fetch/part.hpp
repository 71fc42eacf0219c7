// The file into which a video is fetched, until it is whole and takes its place in the spool.
#pragma once

#include "fetch/note.hpp"
#include "fetch/tally.hpp"
#include "seedhook/async/unique_fd.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace seedhook {

// Brings the names in a folder to stable storage.
result<void> sync_folder(const std::filesystem::path& folder);

// Every call blocks on the disk; one at a time.
class part_file {
public:
    // Opens and locks the part of the file that will lie at `whole`, making its folder when need be. errc::conflict
    // when another process holds it.
    static result<std::shared_ptr<part_file>> open(std::filesystem::path whole, bool check);

    // Finds out what an earlier transfer of the same file has left and can be trusted, and drops the rest. That many
    // bytes are then to be read again with `reread` before more is appended.
    result<std::uint64_t> resume(const std::string& url_key);

    // Hashes and checks the next piece of what was left. True once all is. errc::invalid when it is no part of an MP4.
    result<bool> reread();

    // Starts from nothing. `note` is written when it has a validator.
    result<void> restart(part_note note);

    // Takes the blocks for a file of that length now, and says whether the file system can do that. errc::no_space when
    // it has not so many.
    result<bool> preallocate(std::uint64_t total);

    // errc::invalid when the bytes cannot belong to an MP4; any other error is the disk's.
    result<void> append(std::span<const char> data);

    // The end: checks that it is whole (errc::invalid), brings it to stable storage and under its final name.
    // Says its SHA-256.
    result<std::string> finish();

    // Leaves the part for a later `resume`; removes it when there is no validator to resume with.
    void keep();
    void discard();

    const part_note& note() const noexcept { return note_; } // of what lies there
    std::uint64_t size() const noexcept { return sum_.size(); }

private:
    part_file(std::filesystem::path whole, unique_fd fd, bool check)
        : whole_(std::move(whole)), fd_(std::move(fd)), check_(check), sum_(check) {}

    result<void> telling_type(result<void> checked) const;

    std::filesystem::path whole_;
    unique_fd fd_;
    bool check_;
    tally sum_;
    std::uint64_t left_ = 0; // by the earlier transfer
    part_note note_;
};

} // namespace seedhook
