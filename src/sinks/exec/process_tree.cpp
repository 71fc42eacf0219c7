// Walking /proc. Numbers of processes are used again: a folder of /proc that is held open stands for one process and no
// later one, and takes signals as a pidfd does (pidfd_send_signal(2)).
#include "sinks/exec/process_tree.hpp"

#include "seedhook/async/unique_fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>

namespace seedhook::exec {
namespace {

constexpr int deepest = 200; // each level is an open folder; what lies deeper comes up as its parents end

std::string read_all(int folder, const char* name) {
    const unique_fd file(::openat(folder, name, O_RDONLY | O_CLOEXEC));
    std::string text;
    char piece[4096];
    for (;;) {
        const ssize_t got = file ? ::read(file.get(), piece, sizeof piece) : 0;
        if (got <= 0) {
            return text;
        }
        text.append(piece, static_cast<std::size_t>(got));
    }
}

class process {
public:
    explicit process(const std::string& name)
        : folder_(::open(("/proc/" + name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

    // 0 once it is gone.
    pid_t parent() const {
        const std::string stat = read_all(folder_.get(), "stat"); // `pid (name) state parent …`; a name may hold `)`
        const std::size_t name_end = stat.rfind(')');
        return name_end == std::string::npos ? 0 : std::atoi(stat.c_str() + std::min(name_end + 4, stat.size()));
    }

    std::vector<pid_t> children() const {
        std::vector<pid_t> all;
        const int tasks = ::openat(folder_.get(), "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const std::unique_ptr<DIR, int (*)(DIR*)> threads(tasks < 0 ? nullptr : ::fdopendir(tasks), ::closedir);
        for (dirent* thread = nullptr; threads && (thread = ::readdir(threads.get())) != nullptr;) {
            const std::string listed = read_all(tasks, (std::string(thread->d_name) + "/children").c_str());
            const char* at = listed.c_str();
            for (char* end = nullptr;; at = end) {
                const long pid = std::strtol(at, &end, 10);
                if (end == at) {
                    break;
                }
                all.push_back(static_cast<pid_t>(pid));
            }
        }
        return all;
    }

    void signal(int number) const { ::syscall(SYS_pidfd_send_signal, folder_.get(), number, nullptr, 0); }

private:
    unique_fd folder_;
};

// What is sent before and after looking below a process.
struct salvo {
    std::initializer_list<int> before;
    std::initializer_list<int> after;
};

void signal_below(const process& of, pid_t pid, const salvo& with, int level) {
    for (const pid_t child : level < deepest ? of.children() : std::vector<pid_t>()) {
        const process found(std::to_string(child));
        if (found.parent() != pid || of.parent() == 0) {
            continue; // it has ended, or its parent has and it is found elsewhere
        }
        for (const int number : with.before) {
            found.signal(number);
        }
        signal_below(found, child, with, level + 1);
        for (const int number : with.after) {
            found.signal(number);
        }
    }
}

void signal_tree(pid_t child, const salvo& with) {
    for (const int number : with.before) {
        ::kill(child, number);
    }
    signal_below(process(std::to_string(child)), child, with, 0);
    for (const int number : with.after) {
        ::kill(child, number);
    }
}

} // namespace

std::vector<pid_t> own_children() { return process("self").children(); }

bool can_see_children() {
    const std::string file = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
    return ::access(file.c_str(), R_OK) == 0;
}

void terminate_tree(pid_t child) { signal_tree(child, {{SIGSTOP}, {SIGTERM, SIGCONT}}); }

void kill_tree(pid_t child) { signal_tree(child, {{SIGSTOP}, {SIGKILL}}); }

} // namespace seedhook::exec
