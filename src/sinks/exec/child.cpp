// From a fork of the runner to the hook's program: nothing of ours is handed down but what the order says.
#include "sinks/exec/child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace seedhook::exec {
namespace {

constexpr mode_t usual_umask = 022;
constexpr rlim_t usual_descriptors = 1024; // programs that use select(2) break on more; they may raise it themselves

void reset_signals() {
    for (int number = 1; number <= SIGRTMAX; ++number) {
        ::signal(number, SIG_DFL); // refused for those that cannot be changed
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void reset_limits() {
    ::umask(usual_umask);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = std::min(limit.rlim_max, usual_descriptors);
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// Groups first: whoever is no longer privileged cannot change them.
bool become(const identity& who) {
    return ::setgroups(who.groups.size(), who.groups.data()) == 0 &&
           ::setresgid(who.group, who.group, who.group) == 0 &&
           (!who.user || ::setresuid(*who.user, *who.user, *who.user) == 0);
}

// All but 0, 1 and 2 close on exec; the pipe for failures must last until then.
bool take_descriptors(const child_descriptors& with) {
    return ::dup2(with.input, STDIN_FILENO) >= 0 && ::dup2(with.output, STDOUT_FILENO) >= 0 &&
           ::dup2(with.output, STDERR_FILENO) >= 0 && ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) {
        all.push_back(const_cast<char*>(text.c_str())); // execve(2) changes nothing
    }
    all.push_back(nullptr);
    return all;
}

} // namespace

void become_hook(const order& what, const child_descriptors& with, pid_t runner) {
    const auto fail = [&](report::stage stage) {
        const start_failure failed{stage, errno};
        static_cast<void>(!::write(with.failure, &failed, sizeof failed));
        ::_exit(127);
    };
    ::setsid();
    reset_signals();
    reset_limits();
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); // else capabilities of ours would pass to the program
    if (what.as && !become(*what.as)) {
        fail(report::stage::account);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a change of user would take it back
    if (::getppid() != runner) {
        ::_exit(127);
    }
    if (::chdir(what.working_directory.c_str()) != 0) {
        fail(report::stage::folder);
    }
    if (!what.video.empty() && ::access(what.video.c_str(), R_OK) != 0) {
        fail(report::stage::permission);
    }
    const std::vector<char*> argv = pointers(what.argv);
    const std::vector<char*> environment = pointers(what.environment);
    if (!take_descriptors(with)) {
        fail(report::stage::start);
    }
    ::execve(argv.front(), argv.data(), environment.data());
    fail(report::stage::program);
    ::_exit(127);
}

} // namespace seedhook::exec
