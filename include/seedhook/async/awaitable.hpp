// The coroutine type of the whole daemon. Every io_context runs on one thread; a coroutine stays on the executor on
// which it was spawned.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace seedhook {

namespace asio = boost::asio;

template <class T = void>
using awaitable = asio::awaitable<T, asio::any_io_executor>;

} // namespace seedhook
