// The coroutine type of the whole daemon. Every io_context runs on one thread; a coroutine stays on the executor on
// which it was spawned.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace seedhook {

namespace asio = boost::asio;

template <class T = void>
using awaitable = asio::awaitable<T, asio::any_io_executor>;

// Runs `work` so that it sees `total` and `terminal` cancellation as operation_aborted errors. What co_spawn starts
// would hear `terminal` only, and would throw at the next co_await after it.
template <class T>
awaitable<T> hearing_cancellation(awaitable<T> work) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation(),
                                                       asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await std::move(work);
}

// True once the calling coroutine has been asked to stop, in whatever way. A wait that begins afterwards is not cut
// short by itself: look here before it.
awaitable<bool> cancelled();

} // namespace seedhook
