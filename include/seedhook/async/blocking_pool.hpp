// Blocking work (files, hashing, fsync) on threads of its own; the coroutine comes home for the result.
#pragma once

#include "seedhook/async/awaitable.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace seedhook {

class blocking_pool {
public:
    // Throws std::system_error when the system refuses a thread. (asio::thread_pool would then wait for ever for those
    // that it has begun: its constructor joins them and does not stop them.)
    explicit blocking_pool(std::size_t threads) : work_(context_.get_executor()) {
        threads_.reserve(threads);
        try {
            while (threads_.size() < threads) {
                threads_.emplace_back([this] { context_.run(); });
            }
        } catch (...) {
            stop();
            throw;
        }
    }
    // Waits for work under way; what has not begun is dropped.
    ~blocking_pool() { stop(); }
    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;

    // Runs `work()` on a thread of the pool and resumes the caller on its own executor with what it returned.
    // What `work` refers to must live until then: a cancelled caller still waits. An exception comes out of the
    // co_await.
    template <class Work>
    awaitable<std::invoke_result_t<Work&>> run(Work work) {
        // `post(bind_executor(pool, …))` would resume on the pool; co_spawn's completion comes home. The empty slot
        // keeps cancellation out: Boost 1.81 emits it on the pool through a pointer into the caller's slot, which may
        // have been reused by then, and work that has not begun yet would be skipped with an exception.
        return asio::co_spawn(context_, call(std::move(work)),
                              asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
    }

    // For work that nobody awaits.
    asio::io_context::executor_type executor() noexcept { return context_.get_executor(); }

    // Waits for all work.
    void join() {
        work_.reset();
        for (std::thread& t : threads_) {
            t.join();
        }
        threads_.clear();
    }

private:
    template <class Work>
    static awaitable<std::invoke_result_t<Work&>> call(Work work) {
        co_return work();
    }

    void stop() {
        context_.stop();
        join();
    }

    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

} // namespace seedhook
