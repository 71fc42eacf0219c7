// The coroutines that an object has started and must see ended before it goes.
#pragma once

#include "seedhook/async/awaitable.hpp"

#include <boost/asio/cancellation_type.hpp>

#include <cstddef>
#include <list>
#include <string_view>

namespace boost::asio {
class cancellation_signal;
}

namespace seedhook {

// All members run on, and are to be called from, the thread of `executor`. The group must outlive its members:
// await `drained()` before destroying it.
class task_group {
public:
    explicit task_group(asio::any_io_executor executor);
    ~task_group(); // aborts the process if a member still runs: that would be a use after free
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    // Starts `work` on the group's executor. It sees `total` and `terminal` cancellation as operation_aborted errors,
    // not as exceptions. An exception that leaves it is a bug: it is logged with `name` and the process aborts.
    // `name` must live for ever (a literal).
    void spawn(awaitable<> work, std::string_view name);

    // Asks every member to stop. `total`: where it leaves no trace; `terminal`: at once.
    void cancel(asio::cancellation_type how);

    std::size_t size() const noexcept { return members_.size(); }

    // Ends once no member runs. Members started meanwhile are waited for too. A cancelled wait ends early.
    awaitable<> drained();

private:
    struct member;
    asio::any_io_executor executor_;
    std::list<member> members_;
    struct waiter;
    std::list<waiter*> waiters_;
};

} // namespace seedhook
