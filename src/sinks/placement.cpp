// The steps of a delivery into a directory: find a name, copy, seal, name; then the manifest.
#include "sinks/placement.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "sinks/naming.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

using conflict_kind = config::directory_sink::conflict_kind;

constexpr std::uint32_t most_names = 1000;
constexpr std::uint64_t compare_piece = std::uint64_t{16} << 20;
constexpr std::size_t read_size = std::size_t{1} << 20;
constexpr off_t manifest_limit = 1024 * 1024; // a larger file is none
constexpr std::string_view manifest_suffix = ".json";

constexpr int look_flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC; // no link followed, no FIFO waited for

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    for (std::size_t end = 0; end != std::string_view::npos;) {
        end = path.find('/');
        segments.emplace_back(path.substr(0, end));
        path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    }
    return segments;
}

// True when a file that cannot be opened is known not to be ours. Any other failure tells nothing about it: to take it
// for somebody else's would put a second file beside our own.
bool is_foreign(int open_failure) { return open_failure == EACCES || open_failure == EPERM || open_failure == ELOOP; }

// All of a small file. False with errno when it cannot be read.
bool read_all(int fd, std::size_t size, std::string& text) {
    text.resize(size);
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = ::pread(fd, text.data() + have, size - have, static_cast<off_t>(have));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return false;
        }
        if (got == 0) {
            break; // it became shorter
        }
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return true;
}

} // namespace

placement::placement(std::shared_ptr<const directory_rules> rules, delivery what)
    : rules_(std::move(rules)), what_(std::move(what)) {}

std::string placement::video_name() const {
    return numbered_name(file_, number_, with_manifest() ? manifest_suffix : std::string_view());
}

std::string placement::manifest_name() const { return video_name() + std::string(manifest_suffix); }

std::optional<outcome> placement::step() {
    switch (stage_) {
    case stage::open:
        return open();
    case stage::look:
        return look();
    case stage::compare:
        return compare();
    case stage::copy:
        return copy();
    case stage::place:
        return place();
    }
    return std::nullopt;
}

// The video in the spool, and the folder for it.
std::optional<outcome> placement::open() {
    if (!valid_request_id(what_.id)) { // it names the staged file
        return rejected("the delivery's id is no name for a file");
    }
    if (what_.of.status == task_status::succeeded && (!what_.video || !what_.of.video)) {
        return again("the video is not in the spool");
    }
    if (what_.video) {
        struct stat seen {};
        video_ = unique_fd(::open(what_.video->c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        if (!video_ || ::fstat(video_.get(), &seen) != 0) {
            return outcome_of_errno("opening " + what_.video->string(), errno);
        }
        if (!S_ISREG(seen.st_mode) || static_cast<std::uint64_t>(seen.st_size) != what_.of.video->size) {
            return again("the video in the spool has changed: " + what_.video->string());
        }
    }
    auto segments = split(rules_->file.render(what_.of, extension_of(what_.of)));
    file_ = std::move(segments.back());
    segments.pop_back();
    auto folder = folder_chain::open(rules_->root, segments, rules_->who);
    if (!folder) {
        return folder.error();
    }
    folder_ = std::move(*folder);
    stage_ = stage::look;
    return std::nullopt;
}

// What bears the name that is tried?
std::optional<outcome> placement::look() {
    if (!what_.video || video_there_) {
        return decide(what_.video ? found::same : found::nothing);
    }
    const std::string name = video_name();
    struct stat seen {};
    if (::fstatat(folder_->fd(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? decide(found::nothing)
                               : outcome_of_errno("looking at " + (folder_->path() / name).string(), errno);
    }
    if (S_ISDIR(seen.st_mode) && rules_->on_conflict == conflict_kind::replace) {
        return blocked("a folder is in the way: " + (folder_->path() / name).string());
    }
    if (!S_ISREG(seen.st_mode) || static_cast<std::uint64_t>(seen.st_size) != what_.of.video->size) {
        return decide(found::other);
    }
    existing_ = unique_fd(::openat(folder_->fd(), name.c_str(), look_flags));
    if (!existing_) {
        const int failure = errno;
        return failure == ENOENT     ? decide(found::nothing)
               : is_foreign(failure) ? decide(found::other)
                                     : outcome_of_errno("opening " + (folder_->path() / name).string(), failure);
    }
    existing_hash_ = crypto::sha256();
    compared_ = 0;
    stage_ = stage::compare;
    return std::nullopt;
}

// The next piece of the comparison of content.
std::optional<outcome> placement::compare() {
    const std::uint64_t size = what_.of.video->size;
    const std::uint64_t stop = std::min(size, compared_ + compare_piece);
    std::vector<char> buffer(read_size);
    while (compared_ < stop) {
        const ssize_t got = ::pread(existing_.get(), buffer.data(), buffer.size(), static_cast<off_t>(compared_));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return outcome_of_errno("reading " + (folder_->path() / video_name()).string(), errno);
        }
        if (got == 0) {
            break; // it became shorter: the hash tells
        }
        existing_hash_.update(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
        compared_ += static_cast<std::uint64_t>(got);
    }
    if (compared_ == stop && compared_ < size) {
        return std::nullopt;
    }
    const bool same = compared_ == size && crypto::to_hex(existing_hash_.finish()) == what_.of.video->sha256;
    if (same && ::fsync(existing_.get()) != 0) { // an earlier attempt may have been killed before it knew
        return outcome_of_errno("syncing " + (folder_->path() / video_name()).string(), errno);
    }
    existing_.reset();
    return decide(same ? found::same : found::other);
}

// Takes the name, goes on to the next one, or gives up.
std::optional<outcome> placement::decide(found video) {
    bool foreign_manifest = false;
    if (with_manifest()) {
        if (auto looked = look_at_manifest(foreign_manifest); !looked) {
            return looked.error();
        }
    }
    const bool conflict = video == found::other || foreign_manifest;
    const std::string shown = (folder_->path() / (video == found::other ? video_name() : manifest_name())).string();
    if (conflict && rules_->on_conflict == conflict_kind::reject) {
        return rejected("other content is there already: " + shown);
    }
    if (conflict && rules_->on_conflict == conflict_kind::rename) {
        if (++number_ > most_names) {
            return rejected("a thousand names are taken already, up to " + shown);
        }
        video_there_ = false;
        stage_ = stage::look;
        return std::nullopt;
    }
    manifest_replaces_ = manifest_replaces_ || foreign_manifest;
    replace_ = video == found::other;
    video_there_ = video == found::same;
    if (!what_.video || video_there_) {
        stage_ = stage::place;
        return std::nullopt;
    }
    return sealed_ ? (stage_ = stage::place, std::nullopt) : begin_copy();
}

tried<void> placement::look_at_manifest(bool& foreign) {
    manifest_there_ = false;
    manifest_replaces_ = false;
    const std::string name = manifest_name();
    document_ = delivery_document(what_, what_.video ? std::optional(folder_->path() / video_name()) : std::nullopt);
    struct stat seen {};
    if (::fstatat(folder_->fd(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? tried<void>()
                               : outcome_of_errno("looking at " + (folder_->path() / name).string(), errno);
    }
    auto match = manifest_match::foreign;
    if (S_ISREG(seen.st_mode) && seen.st_size <= manifest_limit) {
        const unique_fd file(::openat(folder_->fd(), name.c_str(), look_flags));
        std::string text;
        if (file && read_all(file.get(), static_cast<std::size_t>(seen.st_size), text)) {
            match = compare_manifest(text, document_);
        } else if (file || !is_foreign(errno)) {
            return outcome_of_errno("reading " + (folder_->path() / name).string(), errno);
        }
    }
    manifest_there_ = match == manifest_match::same;
    manifest_replaces_ = match == manifest_match::earlier;
    foreign = match == manifest_match::foreign;
    return {};
}

std::optional<outcome> placement::begin_copy() {
    auto staged = staged_file::create(folder_->root_fd(), rules_->root, what_.id);
    if (!staged) {
        return staged.error();
    }
    staged_.emplace(std::move(*staged));
    may_share_ = true;
    stage_ = stage::copy;
    return std::nullopt;
}

// Without a copy of the bytes, where that can be.
bool placement::share() {
    return staged_->clone(video_.get()) ||
           (rules_->link && staged_->link(video_.get(), what_.video->parent_path(), rules_->who));
}

std::optional<outcome> placement::copy() {
    if (!std::exchange(may_share_, false) || !share()) {
        const auto all = staged_->copy_piece(video_.get(), what_.of.video->size);
        if (!all) {
            return all.error();
        }
        if (!*all) {
            return std::nullopt;
        }
    }
    struct stat seen {};
    if (::fstat(staged_->fd(), &seen) != 0 || static_cast<std::uint64_t>(seen.st_size) != what_.of.video->size) {
        return again("the video in the spool has changed: " + what_.video->string());
    }
    if (auto sealed = staged_->seal(rules_->who); !sealed) {
        return sealed.error();
    }
    sealed_ = true;
    stage_ = stage::place;
    return std::nullopt;
}

// Gives the video its name, and then the manifest its own, without a stop between them.
std::optional<outcome> placement::place() {
    if (what_.video && !video_there_) {
        const std::string name = video_name();
        const int failure = staged_->place(folder_->fd(), name, replace_);
        if (failure == EEXIST) { // another was quicker: look again
            stage_ = stage::look;
            return std::nullopt;
        }
        if (failure != 0) {
            return outcome_of_errno("naming " + (folder_->path() / name).string(), failure);
        }
        sealed_ = false;
        staged_.reset();
        video_there_ = true;
    }
    // All of them: a folder above that we only found may have been made just before a crash, and not synced.
    if (auto synced = folder_->sync_all(); !synced) {
        return synced.error();
    }
    return with_manifest() && !manifest_there_ ? place_manifest() : finish();
}

std::optional<outcome> placement::place_manifest() {
    auto staged = staged_file::create(folder_->root_fd(), rules_->root, what_.id + std::string(manifest_suffix));
    if (!staged) {
        return staged.error();
    }
    if (auto written = staged->write(document_); !written) {
        return written.error();
    }
    if (auto sealed = staged->seal(rules_->who); !sealed) {
        return sealed.error();
    }
    const int failure = staged->place(folder_->fd(), manifest_name(), manifest_replaces_);
    if (failure == EEXIST) {
        stage_ = stage::look;
        return std::nullopt;
    }
    if (failure != 0) {
        return outcome_of_errno("naming " + (folder_->path() / manifest_name()).string(), failure);
    }
    if (auto synced = folder_->sync(); !synced) {
        return synced.error();
    }
    return finish();
}

outcome placement::finish() const {
    return done((folder_->path() / (what_.video ? video_name() : manifest_name())).string());
}

} // namespace seedhook
