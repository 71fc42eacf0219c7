// Sleeping, and whether to.
#include "seedhook/async/time_limit.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/redirect_error.hpp>

namespace seedhook {

awaitable<bool> cancelled() {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

awaitable<bool> sleep_for(duration d) {
    // What was cancelled before it got here would not hear of it again.
    const bool too_late = co_await cancelled();
    if (too_late) {
        co_return false;
    }
    // A cancellation that came before, while nothing could hear it, does not end a wait that begins after it.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        co_return false;
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, d);
    boost::system::error_code failure;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failure));
    co_return !failure;
}

} // namespace seedhook
