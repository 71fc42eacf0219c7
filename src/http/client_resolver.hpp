// Names to addresses, on threads of the client's own: one name server that does not answer must not hold up the names
// that others wait for, as it would on Asio's single resolver thread.
#pragma once

#include "http/client_connection.hpp"
#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/model/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::http {

// Blocks. errc::network when there is no such name.
using resolve_function = std::function<result<std::vector<asio::ip::address>>(const std::string& host)>;

// getaddrinfo(3), in its order of preference (RFC 6724).
result<std::vector<asio::ip::address>> system_resolve(const std::string& host);

class resolver {
public:
    resolver(asio::any_io_executor executor, resolve_function how);
    ~resolver(); // waits for look-ups under way, which cannot be broken off

    // errc::timed_out once `deadline` has passed, errc::cancelled when the coroutine is cancelled, errc::unavailable when
    // the system gives no threads.
    awaitable<result<std::vector<asio::ip::address>>> resolve(std::string host, steady_time deadline);

private:
    struct lookup;

    result<void> start_threads();

    asio::any_io_executor executor_;
    resolve_function how_;
    std::optional<blocking_pool> threads_; // started with the first look-up
};

} // namespace seedhook::http
