// Preloaded into a program under test: its wall clock, and no other clock, runs as many seconds off as the first eight
// bytes of the file SHIFTED_CLOCK say. libfaketime shifts absolute timers of the steady clock, too, which no jump does.
#include <ctime>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using clock_function = int (*)(clockid_t, timespec*);

const std::atomic<std::int64_t>* map_shift() {
    static const std::atomic<std::int64_t> none{0};
    const char* const path = std::getenv("SHIFTED_CLOCK");
    const int file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* const there = file < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0) {
        ::close(file);
    }
    return there == MAP_FAILED ? &none : static_cast<const std::atomic<std::int64_t>*>(there);
}

} // namespace

extern "C" int clock_gettime(clockid_t which, timespec* into) noexcept {
    static const auto real = reinterpret_cast<clock_function>(::dlsym(RTLD_NEXT, "clock_gettime"));
    static const std::atomic<std::int64_t>* const shift = map_shift();
    const int done = real(which, into);
    if (done == 0 && which == CLOCK_REALTIME) {
        into->tv_sec += shift->load(std::memory_order_relaxed);
    }
    return done;
}
