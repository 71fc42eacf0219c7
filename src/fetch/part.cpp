// Parts on the disk: written in order, synced and renamed once whole.
#include "fetch/part.hpp"

#include "fetch/part_paths.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace seedhook {
namespace {

namespace fs = std::filesystem;

// Larger writes make larger pieces of page cache. Up to 32 KiB (PAGE_ALLOC_COSTLY_ORDER) the kernel keeps such pieces
// of memory at hand for each core once they were used; for larger ones it looks for memory that nobody has used lately,
// which in a virtual machine may cost several times the copying (docs/performance.md).
constexpr std::size_t largest_write = std::size_t{32} << 10;
constexpr std::uint64_t write_back_step = std::uint64_t{1} << 20;

// Synced also when it is there: it may have been made just before a crash.
result<void> make_folder(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return errno_error("making " + folder.string(), errno);
    }
    return sync_folder(folder.parent_path());
}

} // namespace

result<void> sync_folder(const fs::path& folder) {
    const unique_fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd ||
        (::fsync(fd.get()) != 0 && errno != EINVAL)) { // EINVAL: a file system that has nothing to sync in folders
        return errno_error("syncing the folder " + folder.string(), errno);
    }
    return {};
}

result<std::shared_ptr<part_file>> part_file::open(fs::path whole, bool check) {
    if (auto made = make_folder(whole.parent_path()); !made) {
        return made.error();
    }
    const fs::path part = part_path(whole);
    unique_fd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) {
        return errno_error("opening " + part.string(), errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return error(errc::conflict, "another process is fetching " + part.string());
    }
    struct stat held {};
    struct stat named {};
    if (::fstat(fd.get(), &held) != 0 || ::lstat(part.c_str(), &named) != 0 || held.st_ino != named.st_ino) {
        return error(errc::conflict, "another process has just fetched " + part.string());
    }
    return std::shared_ptr<part_file>(new part_file(std::move(whole), std::move(fd), check));
}

result<std::uint64_t> part_file::resume(const std::string& url_key) {
    struct stat there {};
    if (::fstat(fd_.get(), &there) != 0) {
        return errno_error("looking at " + part_path(whole_).string(), errno);
    }
    const auto size = static_cast<std::uint64_t>(there.st_size);
    const auto note = load_note(note_path(whole_));
    if (note && note->url_key == url_key && !note->validator.empty()) {
        const bool same_life = !note->boot.empty() && note->boot == present_boot();
        left_ = same_life ? size : std::min(size, note->synced);
        note_ = *note;
        note_.boot = present_boot();
        note_.synced = std::min(left_, note->synced);
    }
    if (left_ > note_.total.value_or(left_)) {
        left_ = 0;
    }
    if (left_ < size && ::ftruncate(fd_.get(), static_cast<off_t>(left_)) != 0) {
        return errno_error("shortening " + part_path(whole_).string(), errno);
    }
    return left_;
}

result<bool> part_file::reread() { return add_piece(sum_, fd_.get(), left_); }

result<void> part_file::restart(part_note note) {
    ::unlink(note_path(whole_).c_str()); // before the bytes that it describes go
    sum_ = tally(check_);
    left_ = 0;
    note_ = std::move(note);
    note_.boot = present_boot();
    note_.synced = 0;
    if (::ftruncate(fd_.get(), 0) != 0) {
        return errno_error("emptying " + part_path(whole_).string(), errno);
    }
    return note_.validator.empty() ? result<void>() : save_note(note_path(whole_), note_, false);
}

// Content that is refused is explained best by the type that it was sent as.
result<void> part_file::telling_type(result<void> checked) const {
    if (!checked && checked.error().code == errc::invalid && note_.content_type != "video/mp4") {
        return error(errc::invalid, checked.error().message + " (sent as " + note_.content_type + ")");
    }
    return checked;
}

result<bool> part_file::preallocate(std::uint64_t total) {
    if (total <= size() || ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size()),
                                       static_cast<off_t>(total - size())) == 0) {
        return true;
    }
    const int failure = errno;
    if (failure == ENOSPC || failure == EDQUOT) {
        return errno_error("taking room for " + part_path(whole_).string(), failure);
    }
    return false; // it cannot, or was disturbed: only a hint is lost
}

result<void> part_file::append(std::span<const char> data) {
    const std::uint64_t begin = size();
    for (std::size_t at = 0; at < data.size();) {
        const std::size_t next = std::min(data.size() - at, largest_write);
        const ssize_t wrote = ::pwrite(fd_.get(), data.data() + at, next, static_cast<off_t>(begin + at));
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return errno_error("writing " + part_path(whole_).string(), wrote < 0 ? errno : EIO);
        }
        at += static_cast<std::size_t>(wrote);
    }
    // Starts the write-back now and then, so that the sync at the end finds little left to do. A hint: failure shows
    // there.
    const std::uint64_t end = begin + data.size();
    const std::uint64_t step = begin - begin % write_back_step;
    if (end - step >= write_back_step) {
        ::sync_file_range(fd_.get(), static_cast<off_t>(step), static_cast<off_t>(end - step), SYNC_FILE_RANGE_WRITE);
    }
    return telling_type(sum_.add(data));
}

result<std::string> part_file::finish() {
    if (auto whole = telling_type(sum_.whole()); !whole) {
        return whole.error();
    }
    const fs::path part = part_path(whole_);
    if (::fdatasync(fd_.get()) != 0) {
        const int failure = errno;
        discard(); // the kernel has dropped the pages: what is read back is no proof any more
        return errno_error("syncing " + part.string(), failure);
    }
    if (::rename(part.c_str(), whole_.c_str()) != 0) {
        return errno_error("naming " + whole_.string(), errno);
    }
    ::unlink(note_path(whole_).c_str());
    note_.validator.clear(); // nothing is left to resume, whatever happens from here
    if (auto synced = sync_folder(whole_.parent_path()); !synced) {
        return synced.error();
    }
    return sum_.sha256();
}

void part_file::keep() {
    const std::uint64_t end = std::max(size(), left_); // `reread` may not have come to the end
    if (note_.validator.empty() || end == 0 || ::ftruncate(fd_.get(), static_cast<off_t>(end)) != 0 ||
        ::fdatasync(fd_.get()) != 0) {
        discard();
        return;
    }
    note_.synced = end;
    // Without the new note the old one still holds: then a power cut costs what has come since.
    static_cast<void>(save_note(note_path(whole_), note_, true));
}

void part_file::discard() {
    ::unlink(note_path(whole_).c_str());
    ::unlink(part_path(whole_).c_str());
}

} // namespace seedhook
