// Reading /proc/self.
#include "metrics/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace seedhook {
namespace {

// The fields of /proc/self/stat from the third on. The second, the program's name, may hold blanks and parentheses.
struct stat_fields {
    stat_fields() {
        std::ifstream in("/proc/self/stat");
        std::string line;
        std::getline(in, line);
        const std::size_t name_end = line.rfind(')');
        std::istringstream rest(name_end == std::string::npos ? std::string() : line.substr(name_end + 1));
        std::string state;
        rest >> state;
        for (double& field : values) {
            rest >> field;
        }
    }

    // By its number in proc(5).
    double at(std::size_t number) const { return values[number - 4]; }

    std::array<double, 21> values{}; // 4 to 24
};

double boot_time() {
    std::ifstream in("/proc/stat");
    for (std::string line; std::getline(in, line);) {
        double seconds = 0;
        if (std::sscanf(line.c_str(), "btime %lf", &seconds) == 1) {
            return seconds;
        }
    }
    return 0;
}

double count_open_fds() {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
    if (!folder) {
        return 0;
    }
    double count = -3; // `.`, `..` and the folder's own
    while (::readdir(folder.get()) != nullptr) {
        ++count;
    }
    return count;
}

} // namespace

process_facts read_process() {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    static const double booted = boot_time(); // read once: it follows the wall clock, and a start does not move
    const stat_fields stat;
    process_facts facts;
    facts.cpu_seconds = (stat.at(14) + stat.at(15)) / ticks;
    facts.threads = stat.at(20);
    facts.start_time = booted > 0 ? booted + stat.at(22) / ticks : 0;
    facts.virtual_bytes = stat.at(23);
    facts.resident_bytes = stat.at(24) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    facts.open_fds = count_open_fds();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        facts.max_fds = static_cast<double>(limit.rlim_cur);
    }
    return facts;
}

} // namespace seedhook
