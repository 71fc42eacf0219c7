// Log set-up: an asynchronous spdlog logger over standard error. Writers format their own line and queue it; one
// thread writes. The queue is bounded and drops its oldest lines; how many were lost is said in a line of its own.
#include "seedhook/log/log.hpp"

#include "log/line.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace seedhook::log {
namespace {

constexpr std::size_t queue_lines = 8192;
constexpr std::size_t piece = 4096; // PIPE_BUF: that much never blocks once poll says a pipe can be written
constexpr std::chrono::milliseconds patience{2000}; // for a reader that has stopped reading while we stop
constexpr std::chrono::seconds loss_interval{1};

std::atomic<level> least_level{level::info};
std::atomic<bool> as_json{false};

std::string format_line(level l, std::string_view message, std::initializer_list<field> fields) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    std::string line = as_json.load(std::memory_order_relaxed) ? json_line(now, l, message, fields)
                                                               : text_line(now, l, message, fields);
    line += '\n';
    return line;
}

// Writes all of `line` unless standard error is gone, or nobody reads it until `give_up` says so.
template <class GiveUp>
void write_out(std::string_view line, GiveUp give_up) {
    while (!line.empty()) {
        pollfd ready{STDERR_FILENO, POLLOUT, 0};
        const int polled = ::poll(&ready, 1, 200);
        if (polled == 0 || (polled < 0 && errno == EINTR)) {
            if (give_up()) {
                return;
            }
            continue;
        }
        const auto written = ::write(STDERR_FILENO, line.data(), std::min(line.size(), piece));
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        line.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

void write_now(std::string_view line) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    write_out(line, [&] { return std::chrono::steady_clock::now() >= deadline; });
}

// Runs on the logging thread alone.
class stderr_sink final : public spdlog::sinks::sink {
public:
    void log(const spdlog::details::log_msg& line) override {
        say_loss(line.time);
        write_out({line.payload.data(), line.payload.size()}, [this] { return gave_up(); });
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    void watch(spdlog::details::thread_pool& queue) { queue_ = &queue; }
    // From now on a reader that does not read is waited for only so long.
    void hurry() { stop_by_.store((std::chrono::steady_clock::now() + patience).time_since_epoch().count()); }
    // Says what was lost since it was last said, once the logging thread has ended.
    void say_rest(std::size_t lost) {
        if (lost != said_) {
            say(lost);
        }
    }

private:
    bool gave_up() const {
        const auto by = stop_by_.load();
        return by != 0 && std::chrono::steady_clock::now().time_since_epoch().count() >= by;
    }
    void say_loss(spdlog::log_clock::time_point now) {
        if (now < next_check_) {
            return;
        }
        next_check_ = now + loss_interval;
        const std::size_t lost = queue_->overrun_counter();
        if (lost != said_) {
            say(lost);
        }
    }
    void say(std::size_t lost) {
        const field count{"lost", static_cast<std::int64_t>(lost - said_)};
        write_out(format_line(level::warning, "log lines lost", {count}), [this] { return gave_up(); });
        said_ = lost;
    }

    std::atomic<std::chrono::steady_clock::rep> stop_by_{0};
    spdlog::details::thread_pool* queue_ = nullptr;
    spdlog::log_clock::time_point next_check_{};
    std::size_t said_ = 0;
};

// The running logger: members end in the reverse order, the thread first.
struct engine {
    engine()
        : sink(std::make_shared<stderr_sink>()), queue(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)),
          logger(std::make_shared<spdlog::async_logger>("seedhook", sink, queue,
                                                        spdlog::async_overflow_policy::overrun_oldest)) {
        sink->watch(*queue);
        logger->set_level(spdlog::level::trace);
    }

    std::shared_ptr<stderr_sink> sink;
    std::shared_ptr<spdlog::details::thread_pool> queue;
    std::shared_ptr<spdlog::async_logger> logger;
};

struct state {
    std::shared_mutex guard; // exclusive: starting and stopping
    std::unique_ptr<engine> running;
};

// Never destroyed: threads may log while the process exits.
state& global() {
    static state& it = *new state;
    return it;
}

} // namespace

void configure(level least, format form) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    as_json.store(form == format::json || (form == format::automatic && !terminal));
    least_level.store(least);
    state& s = global();
    const std::unique_lock lock(s.guard);
    if (!s.running) {
        s.running = std::make_unique<engine>();
        static const int at_exit = std::atexit([] { flush_and_stop(); }); // no line is lost by a plain exit
        static_cast<void>(at_exit);
    }
}

bool enabled(level l) noexcept { return l >= least_level.load(std::memory_order_relaxed); }

void write(level l, std::string_view message, std::initializer_list<field> fields) noexcept {
    if (!enabled(l)) {
        return;
    }
    try {
        const std::string line = format_line(l, message, fields);
        state& s = global();
        const std::shared_lock lock(s.guard);
        if (s.running) {
            s.running->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
        } else {
            write_now(line);
        }
    } catch (...) { // out of memory: the line is lost, the caller must not be
    }
}

void flush_and_stop() noexcept {
    try {
        state& s = global();
        const std::unique_lock lock(s.guard);
        if (!s.running) {
            return;
        }
        s.running->sink->hurry();
        const std::size_t lost = s.running->queue->overrun_counter(); // final: writers wait for `guard`
        const std::shared_ptr<stderr_sink> sink = s.running->sink;
        s.running.reset(); // writes what is queued and joins the thread
        sink->say_rest(lost);
    } catch (...) { // stopping must not fail
    }
}

} // namespace seedhook::log
