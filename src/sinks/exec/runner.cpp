// A hook's runner: the daemon's own program, started anew for one run. It is the subreaper of all that the hook starts,
// so whatever loses its parent becomes a child of the runner, and once that has no child left nothing of the hook runs.
#include "seedhook/sinks/exec.hpp"

#include "seedhook/async/unique_fd.hpp"
#include "sinks/exec/child.hpp"
#include "sinks/exec/lending.hpp"
#include "sinks/exec/order.hpp"
#include "sinks/exec/output.hpp"
#include "sinks/exec/process_tree.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

namespace seedhook {
namespace {

using namespace exec;
using steady = std::chrono::steady_clock;

constexpr int daemon_socket = STDIN_FILENO;
constexpr std::string_view hidden_word = "--run-hook";
constexpr auto patience_with_the_undying = std::chrono::seconds(10); // they wait for a disk, or are another user's
constexpr int kill_pause = 10;                                       // milliseconds between rounds
constexpr unsigned never_executable = 0x8;                           // MFD_NOEXEC_SEAL (Linux 6.3, glibc 2.38)
constexpr std::size_t largest_order = std::size_t{64} << 20;
constexpr std::size_t output_piece = std::size_t{64} * 1024;

std::optional<std::string> read_exactly(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t have = 0; have < size;) {
        const ssize_t got = ::read(daemon_socket, text.data() + have, size - have);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return {};
        }
        have += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return text;
}

std::optional<order> read_order() {
    const auto header = read_exactly(order_header);
    if (!header || length_of(*header) > largest_order) {
        return {};
    }
    const auto rest = read_exactly(length_of(*header));
    return rest ? decode(*rest) : std::nullopt;
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd, text.data(), text.size());
        if (put < 0 && errno != EINTR) {
            return;
        }
        text.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
    }
}

// A file in memory: a hook may read it, read it twice, or leave it, and nobody waits. Sealed, as the hook could write
// to it.
unique_fd document_file(std::string_view document) {
    constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    unique_fd file(::memfd_create("delivery", flags | never_executable));
    if (!file && errno == EINVAL) {
        file = unique_fd(::memfd_create("delivery", flags));
    }
    if (file) {
        write_all(file.get(), document);
        ::lseek(file.get(), 0, SEEK_SET);
        ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    }
    return file;
}

class hook_keeper {
public:
    explicit hook_keeper(order what) : order_(std::move(what)) {}

    void run() {
        if (!start()) {
            say();
            return;
        }
        while (!over_) {
            wait();
            take_output();
            take_start();
            reap();
            listen();
        }
        end_all();
        take_output();
        say();
    }

private:
    // False: `report_` says why not.
    bool start() {
        if (!can_see_children()) {
            errno = ENOSYS;
            return fails(report::stage::start);
        }
        struct stat seen {};
        errno = 0;
        if (!order_.video.empty() && (::stat(order_.video.c_str(), &seen) != 0 ||
                                      static_cast<std::uint64_t>(seen.st_size) != order_.video_size)) {
            return fails(report::stage::video);
        }
        if (!order_.video.empty() && !order_.spool.empty() && order_.as && order_.as->user) {
            not_lent_ = lend(order_.video, order_.spool, *order_.as->user); // it may be able to read it all the same
        }
        watch_children();
        int output[2];
        int failure[2];
        unique_fd document = document_file(order_.document);
        if (!document || ::pipe2(output, O_CLOEXEC) != 0) {
            return fails(report::stage::start);
        }
        output_ = unique_fd(output[0]);
        const unique_fd output_end(output[1]);
        if (::pipe2(failure, O_CLOEXEC) != 0) {
            return fails(report::stage::start);
        }
        failure_ = unique_fd(failure[0]);
        const unique_fd failure_end(failure[1]);
        ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
        ::fcntl(failure_.get(), F_SETFL, O_NONBLOCK);
        const pid_t runner = ::getpid();
        hook_ = signals_ ? ::fork() : -1;
        if (hook_ == 0) {
            become_hook(order_, {document.get(), output_end.get(), failure_end.get()}, runner);
        }
        report_.what = report::kind::killed; // what cannot be ended is as good as that
        report_.number = SIGKILL;
        return hook_ > 0 || fails(report::stage::start);
    }

    void watch_children() {
        sigset_t child_signals;
        ::sigemptyset(&child_signals);
        ::sigaddset(&child_signals, SIGCHLD);
        signals_ = unique_fd(::signalfd(-1, &child_signals, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    bool fails(report::stage stage) {
        report_.what = report::kind::not_started;
        report_.failed = stage;
        report_.number = errno;
        return false;
    }

    // Until a child has ended, there is output, a word, or the program has started.
    void wait() {
        std::array<pollfd, 4> sources{{{daemon_socket, POLLIN, 0},
                                       {signals_.get(), POLLIN, 0},
                                       {output_.get(), POLLIN, 0}, // those that are closed are -1, which poll(2) skips
                                       {failure_.get(), POLLIN, 0}}};
        ::poll(sources.data(), sources.size(), -1);
        spoken_to_ = sources[0].revents != 0;
        clear_signals();
    }

    void clear_signals() {
        signalfd_siginfo ignored{};
        while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
        }
    }

    // No more than is in the pipe: who writes on for ever is not to keep us from the rest.
    void take_output() {
        static std::array<char, output_piece> piece;
        if (!output_) {
            return;
        }
        for (int pieces = 0; pieces < 16; ++pieces) {
            const ssize_t got = ::read(output_.get(), piece.data(), piece.size());
            if (got > 0) {
                tail_.add({piece.data(), static_cast<std::size_t>(got)});
                continue;
            }
            if (got == 0) {
                output_.reset();
            }
            return;
        }
    }

    void take_start() {
        start_failure failed;
        const ssize_t got = failure_ ? ::read(failure_.get(), &failed, sizeof failed) : -1;
        if (got == sizeof failed) {
            errno = failed.stage == report::stage::permission && not_lent_ != 0 ? not_lent_ : failed.number;
            fails(failed.stage);
        }
        if (got >= 0) {
            failure_.reset();
        }
    }

    // True while there are children.
    bool reap() {
        for (;;) {
            int status = 0;
            const pid_t ended = ::waitpid(-1, &status, WNOHANG);
            if (ended <= 0) {
                const bool any = ended == 0 || errno != ECHILD;
                over_ = over_ || !any || (hook_ended_ && !report_.asked_to_end);
                return any;
            }
            if (ended == hook_) {
                hook_ended_ = true;
                note_end(status);
            }
        }
    }

    void note_end(int status) {
        take_start(); // what failed to start has ended, too
        if (report_.what != report::kind::not_started) {
            report_.what = WIFSIGNALED(status) ? report::kind::killed : report::kind::exited;
            report_.number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        }
    }

    void listen() {
        char word = kill_word;
        if (!spoken_to_ || over_) {
            return;
        }
        const ssize_t got = ::read(daemon_socket, &word, 1);
        if (got < 0 && errno == EINTR) {
            return;
        }
        report_.asked_to_end = report_.asked_to_end || !hook_ended_;
        if (got <= 0 || word == kill_word) { // the daemon is gone, or insists
            over_ = true;
        } else {
            for (const pid_t child : own_children()) {
                terminate_tree(child);
            }
        }
    }

    // Until nothing is left, or what is left cannot be ended.
    void end_all() {
        const auto until = steady::now() + patience_with_the_undying;
        while (reap()) {
            if (steady::now() > until) {
                report_.left_running = 1;
                return;
            }
            for (const pid_t child : own_children()) {
                kill_tree(child);
            }
            pollfd child_ends{signals_.get(), POLLIN, 0};
            ::poll(&child_ends, 1, kill_pause);
            clear_signals();
        }
    }

    void say() {
        report_.output_is_tail = tail_.cut();
        write_all(daemon_socket, {reinterpret_cast<const char*>(&report_), sizeof report_});
        write_all(daemon_socket, tail_.kept());
    }

    order order_;
    pid_t hook_ = -1;
    unique_fd output_;
    unique_fd failure_;
    unique_fd signals_;
    output_tail tail_;
    report report_;
    int not_lent_ = 0; // errno of letting the hook's user read the video
    bool spoken_to_ = false;
    bool hook_ended_ = false;
    bool over_ = false; // what still runs is to be ended
};

} // namespace

bool is_hook_runner(int argc, char** argv) noexcept { return argc == 2 && std::string_view(argv[1]) == hidden_word; }

int run_hook() {
    ::prctl(PR_SET_NAME, "hook-runner");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    // A word to the daemon's whole control group is the daemon's to act on: it tells us. Blocked rather than ignored:
    // what is sent to the hook before it has reset its signals then waits, and is not lost.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    auto what = read_order();
    if (!what) {
        return 2;
    }
    hook_keeper(std::move(*what)).run();
    return 0;
}

} // namespace seedhook
