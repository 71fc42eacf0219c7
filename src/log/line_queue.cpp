// Writing to standard error, in whole lines where they are short enough.
#include "log/line_queue.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace seedhook::log {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;
constexpr std::size_t piece = 4096; // PIPE_BUF: that much never blocks once poll says a pipe can be written
constexpr std::chrono::milliseconds rest{10};
constexpr std::chrono::milliseconds patience{2000}; // for a reader that has stopped reading while we stop

// Writes all of `lines` unless standard error is gone, or nobody reads it and `give_up` says so. Whole lines where they
// are short enough, so that another program's output does not come between.
template <class GiveUp>
void write_out(std::string_view lines, GiveUp give_up) {
    while (!lines.empty()) {
        pollfd ready{STDERR_FILENO, POLLOUT, 0};
        const int polled = ::poll(&ready, 1, 200);
        if (polled == 0 || (polled < 0 && errno == EINTR)) {
            if (give_up()) {
                return;
            }
            continue;
        }
        std::string_view next = lines.substr(0, piece);
        next = next.substr(0, next.rfind('\n') == std::string_view::npos ? piece : next.rfind('\n') + 1);
        const auto written = ::write(STDERR_FILENO, next.data(), next.size());
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        lines.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

} // namespace

void write_now(std::string_view line) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    write_out(line, [&] { return std::chrono::steady_clock::now() >= deadline; });
}

line_queue::line_queue(std::string (*loss_line)(std::size_t lost)) : loss_line_(loss_line), thread_([this] { run(); }) {}

line_queue::~line_queue() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void line_queue::add(std::string_view line) {
    bool asleep = false;
    {
        const std::lock_guard lock(mutex_);
        if (lines_.size() + line.size() > most_bytes) {
            ++lost_;
            return;
        }
        lines_ += line;
        asleep = waiting_;
        waiting_ = false;
    }
    if (asleep) {
        wake_.notify_one();
    }
}

void line_queue::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_ || !lines_.empty()) {
        waiting_ = lines_.empty();
        wake_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
        waiting_ = false;
        write_some(lock);
        wake_.wait_for(lock, rest, [this] { return stopping_; });
    }
}

void line_queue::write_some(std::unique_lock<std::mutex>& lock) {
    std::string taken = std::exchange(lines_, {});
    const std::size_t lost = std::exchange(lost_, 0);
    lock.unlock();
    if (lost > 0) {
        taken += loss_line_(lost);
    }
    std::chrono::steady_clock::time_point deadline{};
    write_out(taken, [&] {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard guard(mutex_);
        if (stopping_ && deadline == std::chrono::steady_clock::time_point{}) {
            deadline = now + patience;
        }
        return stopping_ && now >= deadline;
    });
    lock.lock();
}

} // namespace seedhook::log
