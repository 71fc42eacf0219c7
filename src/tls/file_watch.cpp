// Looking at files and judging what was seen.
#include "tls/file_watch.hpp"

#include <sys/stat.h>

#include <utility>

namespace seedhook::tls {
namespace {

std::int64_t nanoseconds(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

file_stamp stamp_of(const std::string& file) {
    struct stat seen {};
    if (::stat(file.c_str(), &seen) != 0) {
        return {};
    }
    return {true, seen.st_dev, seen.st_ino, seen.st_size, nanoseconds(seen.st_mtim), nanoseconds(seen.st_ctim)};
}

} // namespace

file_stamps stamps_of(const std::vector<std::string>& files) {
    file_stamps stamps;
    for (const std::string& file : files) {
        stamps.push_back(stamp_of(file));
    }
    return stamps;
}

bool file_watch::is_due(const file_stamps& seen) {
    const bool still = seen == looked_at_;
    looked_at_ = seen;
    return still && (failed_ || seen != read_);
}

void file_watch::were_read(file_stamps seen, bool well) {
    read_ = std::move(seen);
    failed_ = !well;
}

} // namespace seedhook::tls
