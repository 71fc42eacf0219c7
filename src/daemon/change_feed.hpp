// Wakes requests that wait for a task to change.
#pragma once

#include "seedhook/control/control.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <list>

namespace seedhook {

class commit_feed final : public change_feed {
public:
    explicit commit_feed(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    awaitable<> next_change(duration limit) override;

    // Says that a commit changed something. Any thread.
    void notify() noexcept;

private:
    asio::any_io_executor executor_;
    std::list<asio::steady_timer> waiting_;
    std::atomic<bool> anyone_{false}; // waits; nearly always nobody does, and then no commit wakes this thread
    std::atomic<bool> posted_{false};
};

} // namespace seedhook
