// Lines on their way to standard error: any thread adds, one thread of its own writes. Lines come in bursts, so after
// each write it rests a moment and then writes what has come in one go: a line costs its copy, not a wake-up.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace seedhook::log {

class line_queue {
public:
    // `loss_line` makes the line that says how many were lost; called on the queue's thread.
    explicit line_queue(std::string (*loss_line)(std::size_t lost));
    // Writes what is queued, though not for long where nobody reads it, and joins the thread.
    ~line_queue();
    line_queue(const line_queue&) = delete;
    line_queue& operator=(const line_queue&) = delete;

    // `line` ends with a newline. Never waits for the reader: past 1 MiB of unwritten lines it is dropped, and the line
    // that follows the others says how many were.
    void add(std::string_view line);

private:
    void run();
    void write_some(std::unique_lock<std::mutex>& lock);

    std::string (*const loss_line_)(std::size_t lost);
    std::mutex mutex_;
    std::condition_variable wake_;
    std::string lines_;
    std::size_t lost_ = 0;
    bool waiting_ = false; // the thread sleeps until a line comes
    bool stopping_ = false;
    std::thread thread_;
};

// One line at once, on the calling thread; waits two seconds at most for a reader that does not read.
void write_now(std::string_view line);

} // namespace seedhook::log
