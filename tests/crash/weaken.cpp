// Breaks one of the daemon's promises to the disk, so that the power-cut test can show that it notices: a library that
// is loaded into the daemon before its others (LD_PRELOAD). The daemon itself has no switch for this.
//   SEEDHOOK_WEAKEN=synchronous   the store's log is not synced, as with synchronous=NORMAL at a commit
//   SEEDHOOK_WEAKEN=video         regular files outside the store are never synced
//   SEEDHOOK_WEAKEN=folder        folders are never synced
//   SEEDHOOK_WEAKEN_STORE=FILE    the store; its log and index begin with the same name
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

// What stands behind ours.
template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

bool weakened(std::string_view what) {
    static const std::string chosen(variable("SEEDHOOK_WEAKEN"));
    return chosen == what;
}

const std::string& store() {
    static const std::string path(variable("SEEDHOOK_WEAKEN_STORE"));
    return path;
}

std::string path_of(int fd) {
    char path[PATH_MAX];
    const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

bool skips_sync(int fd) {
    struct stat seen {};
    if (::fstat(fd, &seen) != 0) {
        return false;
    }
    return (weakened("folder") && S_ISDIR(seen.st_mode)) ||
           (weakened("video") && S_ISREG(seen.st_mode) && !path_of(fd).starts_with(store())) ||
           (weakened("synchronous") && path_of(fd) == store() + "-wal");
}

} // namespace

extern "C" {

int fsync(int fd) {
    static auto* const real = next<int(int)>("fsync");
    return skips_sync(fd) ? 0 : real(fd);
}

int fdatasync(int fd) {
    static auto* const real = next<int(int)>("fdatasync");
    return skips_sync(fd) ? 0 : real(fd);
}

// Only a hint, but one that brings most of a file to the disk.
int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags) {
    static auto* const real = next<int(int, off64_t, off64_t, unsigned)>("sync_file_range");
    return skips_sync(fd) ? 0 : real(fd, offset, size, flags);
}

} // extern "C"
