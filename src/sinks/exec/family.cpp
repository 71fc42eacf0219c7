// Starting runners, and cleaning up after those that were killed.
#include "sinks/exec/family.hpp"

#include "sinks/exec/process_tree.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <utility>
#include <vector>

namespace seedhook::exec {
namespace {

constexpr const char* this_program = "/proc/self/exe"; // also after an upgrade has replaced the file
constexpr duration stray_pause = std::chrono::milliseconds(20);

// On the thread of the exec sinks alone.
struct family {
    bool adopts = false;
    bool strays_left = false;
    std::set<pid_t> earlier; // children before any runner: of a script that became this program
    std::set<pid_t> runners;
};

family& ours() {
    static family all;
    return all;
}

class spawn_plan {
public:
    explicit spawn_plan(int socket) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
        ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
        sigset_t signals;
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        ::sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
    }
    ~spawn_plan() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;

    // 0 or an errno value.
    int start(pid_t& pid) const {
        char name[] = "hook-runner";
        char word[] = "--run-hook";
        char* const argv[] = {name, word, nullptr};
        char* const environment[] = {nullptr};
        return ::posix_spawn(&pid, this_program, &actions_, &attributes_, argv, environment);
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

std::vector<pid_t> strays() {
    std::vector<pid_t> all = own_children();
    std::erase_if(all, [](pid_t pid) {
        return ours().runners.contains(pid) || ours().earlier.contains(pid) || ::waitpid(pid, nullptr, WNOHANG) == pid;
    });
    return all;
}

} // namespace

void adopt_strays() {
    if (!std::exchange(ours().adopts, true)) {
        std::signal(SIGCHLD, SIG_DFL); // ignored, as some parents leave it, the kernel would wait for children itself
        const std::vector<pid_t> there = own_children();
        ours().earlier.insert(there.begin(), there.end());
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    }
}

runner start_runner() {
    int ends[2];
    runner started;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        started.failure = errno;
        return started;
    }
    started.socket = unique_fd(ends[0]);
    const unique_fd its_end(ends[1]);
    started.failure = spawn_plan(its_end.get()).start(started.pid);
    if (started.failure != 0) {
        return started;
    }
    started.pidfd = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, started.pid, 0)));
    if (!started.pidfd) {
        started.failure = errno;
        ::kill(started.pid, SIGKILL); // it has done nothing yet
        ::waitpid(started.pid, nullptr, 0);
        return started;
    }
    ours().runners.insert(started.pid);
    return started;
}

void forget_runner(pid_t pid) {
    ::waitpid(pid, nullptr, WNOHANG);
    ours().runners.erase(pid);
}

awaitable<> end_strays(duration limit) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    const auto until = std::chrono::steady_clock::now() + limit;
    for (std::vector<pid_t> left = strays(); !left.empty(); left = strays()) {
        for (const pid_t pid : left) {
            kill_tree(pid);
        }
        ours().strays_left = std::chrono::steady_clock::now() >= until;
        if (ours().strays_left) {
            co_return;
        }
        pause.expires_after(stray_pause);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable)); // a cancelled run waits, too
    }
    ours().strays_left = false;
}

bool strays_left() noexcept { return ours().strays_left; }

} // namespace seedhook::exec
