// A limit on the time an operation takes, told apart from the operation's own failure.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <string>
#include <utility>

namespace seedhook {

// Sleeps for `d`. False when cancelled, also before it began.
awaitable<bool> sleep_for(duration d);

// The result of `work`, or errc::timed_out (`what` names the work) once `limit` has passed; `work` is then cancelled
// terminally and has ended before this returns. `work` must return when its operations are cancelled.
// `operation || timer` would wait for the first success and report a failure as a time-out.
template <class T>
awaitable<result<T>> with_time_limit(awaitable<result<T>> work, duration limit, std::string what) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, limit);
    auto running = asio::co_spawn(executor, hearing_cancellation(std::move(work)), asio::deferred);
    auto expired = timer.async_wait(asio::deferred);
    auto both = asio::experimental::make_parallel_group(std::move(running), std::move(expired));
    auto [order, failure, value, timer_error] =
        co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const bool in_time = order[0] == 0 || timer_error || (!failure && value.has_value());
    if (!in_time) {
        co_return error(errc::timed_out, what + ": no end after " + to_string(limit));
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    co_return std::move(value);
}

} // namespace seedhook
