// Blocking work (files, hashing, fsync) on threads of its own; the coroutine comes home for the result.
#pragma once

#include "seedhook/async/awaitable.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace seedhook {

class blocking_pool {
public:
    explicit blocking_pool(std::size_t threads) : threads_(threads) {}

    // Runs `work()` on a thread of the pool and resumes the caller on its own executor with what it returned.
    // What `work` refers to must live until then: a cancelled caller still waits. An exception comes out of the
    // co_await.
    template <class Work>
    awaitable<std::invoke_result_t<Work&>> run(Work work) {
        // `post(bind_executor(pool, …))` would resume on the pool; co_spawn's completion comes home. The empty slot
        // keeps cancellation out: Boost 1.81 emits it on the pool through a pointer into the caller's slot, which may
        // have been reused by then, and work that has not begun yet would be skipped with an exception.
        return asio::co_spawn(threads_, call(std::move(work)),
                              asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
    }

    void join() { threads_.join(); }

private:
    template <class Work>
    static awaitable<std::invoke_result_t<Work&>> call(Work work) {
        co_return work();
    }

    asio::thread_pool threads_;
};

} // namespace seedhook
