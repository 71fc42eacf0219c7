// Files on their way into a sink's folder: made where no watcher looks, and named once they are whole.
#pragma once

#include "sinks/disk.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace seedhook {

// The hidden folder at the sink's root, on the same file system as the final names.
inline constexpr std::string_view staging_folder = ".seedhook-staging";

// One file. Its name follows from the delivery, so that what a crash left is overwritten; a lock keeps another process
// from doing so while it is in use. What was not placed is removed when the object goes.
class staged_file {
public:
    staged_file() = default;
    ~staged_file();
    staged_file(staged_file&&) noexcept = default;
    staged_file& operator=(staged_file&&) = delete;

    // Makes the empty file `name` in the staging folder below the open folder `root`. again{} while another delivery
    // uses it.
    static tried<staged_file> create(int root, const std::filesystem::path& shown_root, const std::string& name);

    int fd() const noexcept { return file_.get(); }
    const std::filesystem::path& path() const noexcept { return path_; } // for people

    // Makes the file a clone of `from` that shares its blocks. False where the file system cannot.
    bool clone(int from);

    // Becomes a second name (a hard link) of `from`, a file in `from_folder`, if nobody can tell it from a copy but its
    // owner: who that is, who may read it and who may write to it are as `who` says. They are changed for that while
    // nobody else shares the file. False, and nothing has changed, where it cannot be.
    bool link(int from, const std::filesystem::path& from_folder, const ownership& who);

    // Copies the next piece of `from`, which has `size` bytes. True once all of it is there.
    tried<bool> copy_piece(int from, std::uint64_t size);

    // Appends `text`.
    tried<void> write(std::string_view text);

    // Sets owner and mode, and brings the content to stable storage.
    tried<void> seal(const ownership& who);

    // Gives it its name, as `rename_file` does.
    int place(int folder, const std::string& name, bool replace);

private:
    unique_fd folder_;
    unique_fd file_;
    std::string name_; // empty once placed
    std::filesystem::path path_;
    std::uint64_t copied_ = 0;
    bool in_kernel_ = true; // copy_file_range works here
};

// Removes what crashes left in the staging folder more than a day ago.
void sweep_staging(const std::filesystem::path& root);

} // namespace seedhook
