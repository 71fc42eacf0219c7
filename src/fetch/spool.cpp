// The spool in a local folder: `<source>/<requestId>.mp4` when whole; `.part` and `.part.json` while it is fetched.
#include "seedhook/fetch/spool.hpp"

#include "fetch/part_paths.hpp"
#include "seedhook/async/unique_fd.hpp"
#include "seedhook/config/size.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

namespace seedhook {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view video_suffix = ".mp4";
constexpr std::string_view probe_prefix = ".probe-";

// `<source>/<requestId>.mp4`, so that no name leads out of the folder.
bool valid_name(std::string_view name) noexcept {
    const auto slash = name.find('/');
    if (slash == std::string_view::npos || !name.ends_with(video_suffix)) {
        return false;
    }
    name.remove_suffix(video_suffix.size());
    return slash < name.size() && valid_request_id(name.substr(0, slash)) && valid_request_id(name.substr(slash + 1));
}

// True for what a spool makes below its folder; whatever else lies there is somebody else's.
bool is_ours(const std::string& path) {
    if (path.starts_with(probe_prefix)) {
        return path.find('/') == std::string::npos;
    }
    for (const std::string_view suffix : {video_suffix, std::string_view(".part"), std::string_view(".part.json")}) {
        if (path.ends_with(suffix)) {
            return valid_name(path.substr(0, path.size() - suffix.size()).append(video_suffix));
        }
    }
    return false;
}

error not_a_name() { return error(errc::invalid, "not the name of a video in the spool"); }

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1024 * 1024;
    return bytes < 10 * mib ? std::to_string(bytes) + " bytes" : std::to_string(bytes / mib) + " MiB";
}

std::uint64_t size_of(const fs::path& file) noexcept {
    struct stat seen {};
    return ::lstat(file.c_str(), &seen) == 0 && S_ISREG(seen.st_mode) ? static_cast<std::uint64_t>(seen.st_size) : 0;
}

// What all files below `root` come to.
result<std::uint64_t> measure_all(const fs::path& root) {
    std::error_code failure;
    std::uint64_t sum = 0;
    for (fs::recursive_directory_iterator next(root, failure), end; !failure && next != end; next.increment(failure)) {
        sum += size_of(next->path());
    }
    if (failure && failure != std::errc::no_such_file_or_directory) { // one that goes meanwhile does no harm
        return errno_error("reading the spool " + root.string(), failure.value());
    }
    return sum;
}

class disk_spool final : public spool {
public:
    disk_spool(spool_settings settings, std::uint64_t used) : settings_(std::move(settings)), used_(used) {}

    fs::path path_of(const std::string& name) const override {
        return valid_name(name) ? settings_.path / name : fs::path();
    }

    bool holds(const video_file& video) const override {
        struct stat seen {};
        const fs::path file = path_of(video.name);
        return !file.empty() && ::lstat(file.c_str(), &seen) == 0 && S_ISREG(seen.st_mode) &&
               static_cast<std::uint64_t>(seen.st_size) == video.size;
    }

    std::optional<std::uint64_t> fetched(const std::string& name) const override {
        struct stat seen {};
        const fs::path whole = path_of(name);
        const bool there = !whole.empty() && ::lstat(part_path(whole).c_str(), &seen) == 0 && S_ISREG(seen.st_mode);
        return there ? std::optional(static_cast<std::uint64_t>(seen.st_size)) : std::nullopt;
    }

    result<void> room_for(std::uint64_t more) const override {
        const auto free = free_bytes();
        const std::lock_guard guard(lock_);
        return room_for_locked(more, free);
    }

    std::uint64_t bytes() const override {
        const std::lock_guard guard(lock_);
        std::uint64_t sum = used_;
        for (const auto& [name, hold] : holds_) {
            sum += hold.on_disk;
        }
        return sum;
    }

    std::uint64_t room() const override {
        const auto free = free_bytes();
        if (!free) {
            return 0;
        }
        const std::lock_guard guard(lock_);
        const auto [used, promised] = taken_locked();
        return std::min(settings_.max_bytes - std::min(settings_.max_bytes, used),
                        *free - std::min(*free, settings_.min_free + promised));
    }

    result<std::unique_ptr<spool_claim>> claim(const std::string& name) override;

    result<void> remove(const std::string& name) override {
        if (!valid_name(name)) {
            return not_a_name();
        }
        const std::lock_guard files(files_);
        for (const fs::path& file : files_of(name)) {
            const std::uint64_t size = size_of(file);
            if (::unlink(file.c_str()) == 0) {
                const std::lock_guard guard(lock_);
                used_ -= holds_.contains(name) ? 0 : std::min(size, used_);
            } else if (errno != ENOENT && errno != ENOTDIR) {
                return errno_error("removing " + file.string(), errno);
            }
        }
        return {};
    }

    result<std::size_t> sweep(const std::vector<std::string>& in_use) override;

    result<void> probe() const override {
        const fs::path file = settings_.path / (std::string(probe_prefix) + std::to_string(::getpid()));
        const unique_fd probe(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!probe) {
            return errno_error("writing to the spool " + settings_.path.string(), errno);
        }
        const int failure = ::write(probe.get(), "x", 1) == 1 ? 0 : errno;
        ::unlink(file.c_str());
        if (failure != 0) {
            return errno_error("writing to the spool " + settings_.path.string(), failure);
        }
        return {};
    }

private:
    friend class disk_claim;

    struct share {
        std::uint64_t total = 0;
        std::uint64_t on_disk = 0;
    };

    std::vector<fs::path> files_of(const std::string& name) const {
        const fs::path whole = settings_.path / name;
        return {whole, part_path(whole), note_path(whole)};
    }

    std::uint64_t measure(const std::string& name) const {
        std::uint64_t sum = 0;
        for (const fs::path& file : files_of(name)) {
            sum += size_of(file);
        }
        return sum;
    }

    struct taken {
        std::uint64_t used = 0;     // with running transfers at their full length
        std::uint64_t promised = 0; // to transfers, and not on the disk yet
    };

    taken taken_locked() const;
    result<std::uint64_t> free_bytes() const; // of the disk
    result<void> room_for_locked(std::uint64_t more, const result<std::uint64_t>& free) const;
    std::vector<std::string> names_held() const;

    spool_settings settings_;
    std::mutex files_;                   // over names that come and go; may be held for long, and is locked first
    mutable std::mutex lock_;            // over the numbers below; never held for long, nor over a call to the disk
    std::uint64_t used_ = 0;             // by files that no transfer holds
    std::map<std::string, share> holds_; // running transfers, by name
};

class disk_claim final : public spool_claim {
public:
    disk_claim(disk_spool& of, std::string name) : of_(of), name_(std::move(name)) {}

    ~disk_claim() override {
        const std::lock_guard files(of_.files_);
        const std::uint64_t there = of_.measure(name_);
        const std::lock_guard guard(of_.lock_);
        of_.holds_.erase(name_);
        of_.used_ += there;
    }

    result<void> extend(std::uint64_t total) override {
        {
            const std::lock_guard guard(of_.lock_);
            if (total <= of_.holds_.at(name_).total) {
                return {};
            }
        }
        const auto free = of_.free_bytes();
        const std::lock_guard guard(of_.lock_);
        auto& hold = of_.holds_.at(name_);
        if (total > hold.total) {
            if (auto room = of_.room_for_locked(total - hold.total, free); !room) {
                return room;
            }
            hold.total = total;
        }
        return {};
    }

    void on_disk(std::uint64_t size) noexcept override {
        const std::lock_guard guard(of_.lock_);
        auto& hold = of_.holds_.find(name_)->second;
        hold.on_disk = size;
        hold.total = std::max(hold.total, size);
    }

private:
    disk_spool& of_;
    const std::string name_;
};

disk_spool::taken disk_spool::taken_locked() const {
    taken sum{used_, 0};
    for (const auto& [name, hold] : holds_) {
        sum.used += hold.total;
        sum.promised += hold.total - std::min(hold.total, hold.on_disk);
    }
    return sum;
}

result<std::uint64_t> disk_spool::free_bytes() const {
    struct statvfs disk {};
    if (::statvfs(settings_.path.c_str(), &disk) != 0) {
        return errno_error("asking for the free space of " + settings_.path.string(), errno);
    }
    return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

result<void> disk_spool::room_for_locked(std::uint64_t more, const result<std::uint64_t>& free) const {
    const auto [used, promised] = taken_locked();
    if (used > settings_.max_bytes || more > settings_.max_bytes - used) {
        return error(errc::no_space, "the spool is full: " + bytes_text(used) +
                                         " of spool.max_bytes = " + config::size_text(settings_.max_bytes) +
                                         " are taken, and " + bytes_text(more) + " more are wanted");
    }
    if (!free) {
        return free.error();
    }
    if (*free < settings_.min_free || *free - settings_.min_free < promised ||
        *free - settings_.min_free - promised < more) {
        return error(errc::no_space, "the disk of the spool is full: " + bytes_text(*free) + " are free, " +
                                         bytes_text(promised) + " are promised to transfers, spool.min_free is " +
                                         config::size_text(settings_.min_free) + ", and " + bytes_text(more) +
                                         " more are wanted");
    }
    return {};
}

result<std::unique_ptr<spool_claim>> disk_spool::claim(const std::string& name) {
    if (!valid_name(name)) {
        return not_a_name();
    }
    const std::lock_guard files(files_);
    const std::uint64_t there = measure(name);
    const std::lock_guard guard(lock_);
    if (holds_.contains(name)) {
        return error(errc::conflict, "another transfer of " + name + " is under way");
    }
    used_ -= std::min(there, used_);
    holds_[name] = share{there, there};
    return std::unique_ptr<spool_claim>(std::make_unique<disk_claim>(*this, name));
}

result<std::size_t> disk_spool::sweep(const std::vector<std::string>& in_use) {
    const std::lock_guard files(files_);
    std::set<fs::path> keep;
    const auto spare = [&](const std::string& name) {
        const auto of_name = files_of(name);
        keep.insert(of_name.begin(), of_name.end());
    };
    std::for_each(in_use.begin(), in_use.end(), spare);
    const std::vector<std::string> held = names_held();
    std::for_each(held.begin(), held.end(), spare);
    std::error_code failure;
    std::vector<fs::path> strays;
    for (fs::recursive_directory_iterator next(settings_.path, failure), end; !failure && next != end;
         next.increment(failure)) {
        const bool ours = is_ours(next->path().lexically_relative(settings_.path).string());
        if (ours && !fs::is_directory(next->symlink_status(failure)) && !keep.contains(next->path())) {
            strays.push_back(next->path());
        }
    }
    if (failure) {
        return errno_error("sweeping the spool " + settings_.path.string(), failure.value());
    }
    for (const fs::path& file : strays) {
        if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
            return errno_error("removing " + file.string(), errno);
        }
    }
    auto left = measure_all(settings_.path);
    if (!left) {
        return left.error();
    }
    for (const std::string& name : held) {
        *left -= std::min(measure(name), *left);
    }
    const std::lock_guard guard(lock_);
    used_ = *left;
    return strays.size();
}

std::vector<std::string> disk_spool::names_held() const {
    const std::lock_guard guard(lock_);
    std::vector<std::string> names;
    for (const auto& [name, hold] : holds_) {
        names.push_back(name);
    }
    return names;
}

} // namespace

result<std::unique_ptr<spool>> open_spool(spool_settings settings) {
    std::error_code failure;
    if (settings.path.has_parent_path()) {
        fs::create_directories(settings.path.parent_path(), failure);
    }
    if (::mkdir(settings.path.c_str(), 0700) != 0 && errno != EEXIST) {
        return errno_error("making the spool " + settings.path.string(), errno);
    }
    if (!fs::is_directory(settings.path, failure)) {
        return error(errc::invalid, "the spool " + settings.path.string() + " is not a folder");
    }
    auto used = measure_all(settings.path);
    if (!used) {
        return used.error();
    }
    return std::unique_ptr<spool>(std::make_unique<disk_spool>(std::move(settings), *used));
}

std::string spool_name(const task& of) { return of.source + "/" + of.request_id + std::string(video_suffix); }

} // namespace seedhook
