// Sleeping.
#include "seedhook/async/time_limit.hpp"

#include <boost/asio/redirect_error.hpp>

namespace seedhook {

awaitable<bool> sleep_for(duration d) {
    asio::steady_timer timer(co_await asio::this_coro::executor, d);
    boost::system::error_code failure;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failure));
    co_return !failure;
}

} // namespace seedhook
