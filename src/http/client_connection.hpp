// One connection of the client: a socket, TLS over it when asked for, and one moving deadline for whatever it waits on.
#pragma once

#include "http/client_tls.hpp"
#include "seedhook/async/awaitable.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/tls/context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace seedhook::http {

using steady_time = std::chrono::steady_clock::time_point;

// Every wait ends with asio::error::timed_out when `deadline` passes, which also closes the socket, and with
// operation_aborted when the coroutine is cancelled, also when it already was. The coroutine must not throw when
// cancelled.
class client_connection : public std::enable_shared_from_this<client_connection> {
public:
    using socket_type = boost::asio::generic::stream_protocol::socket;
    using code = boost::system::error_code;
    struct transfer {
        code fault;
        std::size_t size = 0;
    };

    explicit client_connection(asio::any_io_executor executor) : socket_(executor), timer_(executor) {}

    // On failure the connection may be tried again with another endpoint.
    awaitable<code> connect(asio::generic::stream_protocol::endpoint to, steady_time deadline);

    // The handshake, and `host` (a name, or the text of `address`) checked against the certificate.
    // errc::tls says why the peer is not trusted; timed_out and cancelled carry no message of use.
    awaitable<result<void>> start_tls(tls::context_ptr context, std::string host,
                                      std::optional<asio::ip::address> address, steady_time deadline);

    // At least one byte, or a fault, or both: asio::error::eof for a proper end, ssl::error::stream_truncated for a TLS
    // stream that was cut.
    awaitable<transfer> read_some(asio::mutable_buffer into, steady_time deadline);
    // All of it or a part. With a fault the size is 0 only when nothing has gone out.
    awaitable<transfer> write_some(asio::const_buffer from, steady_time deadline);

    // Nothing has come since the last response: neither the peer's end nor bytes that nobody asked for.
    bool is_quiet() noexcept;

    // Stops the deadline's timer, so that an idle connection keeps no io_context running, and lets its buffers go.
    void rest() noexcept;
    void close() noexcept;

private:
    void watch(steady_time deadline);
    void wait_for_deadline();
    // Ends the watch; what an operation that ended with `fault` shall say.
    code settle(code fault) noexcept;
    code open(int family) noexcept;
    awaitable<code> wait(io_state what, steady_time deadline);
    awaitable<transfer> read_tls(std::span<char> into, steady_time deadline);
    awaitable<transfer> write_tls(std::string_view from, steady_time deadline);

    socket_type socket_;
    std::unique_ptr<client_tls> tls_;
    asio::steady_timer timer_;
    steady_time deadline_ = steady_time::max();
    unsigned wait_number_ = 0; // the timer's present wait; older ones have been replaced
    bool waiting_ = false;
    bool expired_ = false;
};

using client_connection_ptr = std::shared_ptr<client_connection>;

} // namespace seedhook::http
