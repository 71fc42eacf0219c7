// A group of coroutines with one cancellation signal each.
#include "seedhook/async/task_group.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <exception>
#include <utility>

namespace seedhook {

struct task_group::member {
    asio::cancellation_signal signal;
};

struct task_group::waiter {
    explicit waiter(const asio::any_io_executor& executor) : empty(executor, asio::steady_timer::time_point::max()) {}

    asio::steady_timer empty;
};

namespace {

[[noreturn]] void die_of(std::string_view name, const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
        log::error("a task ended with an exception", {{"task", name}, {"what", std::string_view(e.what())}});
    } catch (...) {
        log::error("a task ended with an unknown exception", {{"task", name}});
    }
    log::flush_and_stop();
    std::abort();
}

} // namespace

task_group::task_group(asio::any_io_executor executor) : executor_(std::move(executor)) {}

task_group::~task_group() {
    if (!members_.empty()) {
        log::error("a task group was destroyed while tasks ran");
        log::flush_and_stop();
        std::abort();
    }
}

void task_group::spawn(awaitable<> work, std::string_view name) {
    const auto self = members_.emplace(members_.end());
    auto ended = [this, self, name](const std::exception_ptr& thrown) {
        if (thrown) {
            die_of(name, thrown);
        }
        members_.erase(self);
        if (members_.empty()) {
            for (waiter* w : waiters_) {
                w->empty.cancel();
            }
        }
    };
    asio::co_spawn(executor_, hearing_cancellation(std::move(work)),
                   asio::bind_cancellation_slot(self->signal.slot(), std::move(ended)));
}

void task_group::cancel(asio::cancellation_type how) {
    // A member that ends at once erases itself from the list.
    for (auto next = members_.begin(); next != members_.end();) {
        const auto present = next++;
        present->signal.emit(how);
    }
}

awaitable<> task_group::drained() {
    waiter self(executor_);
    const auto place = waiters_.insert(waiters_.end(), &self);
    bool asked_to_stop = co_await cancelled();
    while (!members_.empty() && !asked_to_stop) {
        boost::system::error_code ignored;
        co_await self.empty.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        asked_to_stop = co_await cancelled();
    }
    waiters_.erase(place);
}

} // namespace seedhook
