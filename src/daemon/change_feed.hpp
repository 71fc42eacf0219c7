// Wakes requests that wait for a task to change.
#pragma once

#include "seedhook/control/control.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>

namespace seedhook {

class commit_feed final : public change_feed {
public:
    explicit commit_feed(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    std::uint64_t version() const noexcept override { return version_; }
    awaitable<> next_change(std::uint64_t seen, duration limit) override;
    std::chrono::steady_clock::time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
    bool closed() const noexcept override { return closed_; }

    // Says that a commit changed something. Any thread.
    void notify() noexcept;

    // Ends every wait, those to come too. On the executor's thread.
    void close();

private:
    void wake();

    asio::any_io_executor executor_;
    std::list<asio::steady_timer> waiting_;
    bool closed_ = false;
    std::atomic<std::uint64_t> version_{0};
    std::atomic<bool> anyone_{false}; // waits; nearly always nobody does, and then no commit wakes this thread
    std::atomic<bool> posted_{false};
};

} // namespace seedhook
