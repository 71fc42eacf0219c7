// Log set-up. Writers format their own line and queue it; one thread writes.
#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"

#include "log/line.hpp"
#include "log/line_queue.hpp"
#include "log/repeat_filter.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

namespace seedhook::log {
namespace {

constexpr std::chrono::minutes silent_for{1};
constexpr std::size_t most_silent = 256; // kinds of lines

std::atomic<level> least_level{level::info};
std::atomic<bool> as_json{false};

std::string format_line(level l, std::string_view message, std::initializer_list<field> fields) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    std::string line = as_json.load(std::memory_order_relaxed) ? json_line(now, l, message, fields)
                                                               : text_line(now, l, message, fields);
    line += '\n';
    return line;
}

std::string loss_line(std::size_t lost) {
    return format_line(level::warning, "log lines lost", {{"lost", static_cast<std::int64_t>(lost)}});
}

struct state {
    std::shared_mutex guard; // exclusive: starting and stopping
    std::unique_ptr<line_queue> running;
    std::mutex filtering;
    repeat_filter filter{silent_for, most_silent};
};

// Never destroyed: threads may log while the process exits.
state& global() {
    static state& it = *new state;
    return it;
}

void tell_suppressed_until(repeat_filter::time now) noexcept {
    try {
        std::vector<silence> ended;
        {
            const std::lock_guard lock(global().filtering);
            ended = global().filter.take_ended(now);
        }
        for (const silence& s : ended) {
            warning("lines suppressed", {{"of", s.key}, {"lines", static_cast<std::int64_t>(s.lines)}});
        }
    } catch (...) { // out of memory: the count is lost, the caller must not be
    }
}

} // namespace

void configure(level least, format form) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    as_json.store(form == format::json || (form == format::automatic && !terminal));
    least_level.store(least);
    state& s = global();
    const std::unique_lock lock(s.guard);
    if (!s.running) {
        s.running = std::make_unique<line_queue>(&loss_line);
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
            s.running->add(line);
        } else {
            write_now(line);
        }
    } catch (...) { // out of memory: the line is lost, the caller must not be
    }
}

void write_seldom(level l, std::string_view message, std::size_t alike, std::initializer_list<field> fields) noexcept {
    if (!enabled(l)) {
        return;
    }
    try {
        const std::string key = line_text(message, fields, alike);
        const std::lock_guard lock(global().filtering);
        if (!enabled(level::debug) && !global().filter.admit(key, std::chrono::steady_clock::now())) {
            return;
        }
    } catch (...) { // out of memory: rather a line too many
    }
    write(l, message, fields);
}

void tell_suppressed() noexcept { tell_suppressed_until(std::chrono::steady_clock::now()); }

void flush_and_stop() noexcept {
    tell_suppressed_until(repeat_filter::time::max());
    try {
        state& s = global();
        const std::unique_lock lock(s.guard);
        s.running.reset();
    } catch (...) { // stopping must not fail
    }
}

} // namespace seedhook::log
