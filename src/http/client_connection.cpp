// Sockets and TLS of the client.
#include "http/client_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <tuple>
#include <utility>

namespace seedhook::http {

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

bool has_passed(steady_time deadline) noexcept { return deadline <= std::chrono::steady_clock::now(); }

// What stands in the way of beginning an operation: it would not hear of a cancellation that has already been.
boost::system::error_code obstacle(const asio::cancellation_state& state, steady_time deadline) {
    if (state.cancelled() != asio::cancellation_type::none) {
        return asio::error::operation_aborted;
    }
    return has_passed(deadline) ? boost::system::error_code(asio::error::timed_out) : boost::system::error_code();
}

} // namespace

// Made by hand for SOCK_CLOEXEC: Asio's own sockets would be inherited by a child that is started meanwhile.
client_connection::code client_connection::open(int family) noexcept {
    close();
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return {errno, boost::system::system_category()};
    }
    if (family != AF_UNIX) {
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    code fault;
    socket_.assign(asio::generic::stream_protocol(family, 0), descriptor, fault);
    return fault;
}

awaitable<client_connection::code> client_connection::connect(asio::generic::stream_protocol::endpoint to,
                                                              steady_time deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (const code fault = obstacle(state, deadline)) {
        co_return fault;
    }
    if (const code fault = open(to.protocol().family())) {
        co_return fault;
    }
    expired_ = false;
    watch(deadline);
    const auto [fault] = co_await socket_.async_connect(to, as_result);
    const code outcome = settle(fault);
    if (outcome) {
        close();
    }
    co_return outcome;
}

awaitable<result<void>> client_connection::start_tls(tls::context_ptr context, std::string host,
                                                     std::optional<asio::ip::address> address, steady_time deadline) {
    if (context == nullptr) {
        co_return error(errc::tls, "no TLS context");
    }
    auto made = client_tls::make(socket_.native_handle(), std::move(context), host, address);
    if (!made) {
        co_return made.error();
    }
    tls_ = std::move(*made);
    code fault;
    io_progress shaken = tls_->handshake();
    while (!fault && (shaken.state == io_state::wants_read || shaken.state == io_state::wants_write)) {
        fault = co_await wait(shaken.state, deadline);
        if (!fault) {
            shaken = tls_->handshake();
        }
    }
    if (fault == asio::error::operation_aborted) {
        co_return error(errc::cancelled, "cancelled");
    }
    if (fault == asio::error::timed_out) {
        co_return error(errc::timed_out, "timed out");
    }
    if (fault) {
        co_return error(errc::network, "TLS handshake: " + fault.message());
    }
    if (shaken.state != io_state::done) {
        co_return tls_->handshake_failure();
    }
    co_return result<void>();
}

// Until the socket is ready, or why it will not be waited for.
awaitable<client_connection::code> client_connection::wait(io_state what, steady_time deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (const code fault = obstacle(state, deadline)) {
        co_return fault;
    }
    watch(deadline);
    const auto kind = what == io_state::wants_write ? socket_type::wait_write : socket_type::wait_read;
    const auto [fault] = co_await socket_.async_wait(kind, as_result);
    co_return settle(fault);
}

awaitable<client_connection::transfer> client_connection::read_some(asio::mutable_buffer into, steady_time deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    transfer out;
    out.fault = obstacle(state, deadline);
    if (out.fault) {
        co_return out;
    }
    if (tls_) {
        co_return co_await read_tls({static_cast<char*>(into.data()), into.size()}, deadline);
    }
    watch(deadline);
    std::tie(out.fault, out.size) = co_await socket_.async_read_some(into, as_result);
    out.fault = settle(out.fault);
    co_return out;
}

awaitable<client_connection::transfer> client_connection::read_tls(std::span<char> into, steady_time deadline) {
    transfer out;
    for (;;) {
        const io_progress got = tls_->read(into);
        out.size = got.size;
        if (got.state == io_state::ended || got.state == io_state::failed) {
            out.fault = tls_->fault();
        }
        if (got.state != io_state::wants_read && got.state != io_state::wants_write) {
            co_return out;
        }
        out.fault = co_await wait(got.state, deadline);
        if (out.fault) {
            co_return out;
        }
    }
}

awaitable<client_connection::transfer> client_connection::write_some(asio::const_buffer from, steady_time deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    transfer out;
    out.fault = obstacle(state, deadline);
    if (out.fault) {
        co_return out;
    }
    if (tls_) {
        co_return co_await write_tls({static_cast<const char*>(from.data()), from.size()}, deadline);
    }
    watch(deadline);
    std::tie(out.fault, out.size) = co_await socket_.async_write_some(from, as_result);
    out.fault = settle(out.fault);
    co_return out;
}

awaitable<client_connection::transfer> client_connection::write_tls(std::string_view from, steady_time deadline) {
    transfer out;
    io_progress taken = tls_->write(from);
    while (taken.state == io_state::wants_read || taken.state == io_state::wants_write) {
        out.fault = co_await wait(taken.state, deadline);
        if (out.fault) {
            co_return out;
        }
        taken = tls_->write(from);
    }
    if (taken.state != io_state::done) {
        out.fault = tls_->fault();
        co_return out;
    }
    for (;;) {
        const io_progress sent = tls_->flush();
        if (sent.size > 0) {
            out.size = taken.size;
        }
        if (sent.state == io_state::failed) {
            out.fault = tls_->fault();
        }
        if (sent.state != io_state::wants_write) {
            co_return out;
        }
        out.fault = co_await wait(sent.state, deadline);
        if (out.fault) {
            co_return out;
        }
    }
}

bool client_connection::is_quiet() noexcept {
    if (tls_ && tls_->has_buffered_input()) {
        return false;
    }
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void client_connection::rest() noexcept {
    deadline_ = steady_time::max();
    waiting_ = false;
    ++wait_number_;
    timer_.cancel();
    if (tls_) {
        tls_->rest();
    }
}

void client_connection::close() noexcept {
    rest();
    code ignored;
    socket_.close(ignored);
}

// The timer is only set anew when the deadline comes nearer; one that fires early looks again. So a read costs no timer
// of its own.
void client_connection::watch(steady_time deadline) {
    deadline_ = deadline;
    if (!waiting_ || deadline < timer_.expiry()) {
        wait_for_deadline();
    }
}

void client_connection::wait_for_deadline() {
    timer_.expires_at(deadline_);
    waiting_ = true;
    timer_.async_wait([weak = weak_from_this(), number = ++wait_number_](const code&) {
        const auto self = weak.lock();
        if (!self || number != self->wait_number_) {
            return;
        }
        self->waiting_ = false;
        if (self->deadline_ == steady_time::max()) {
            return;
        }
        if (!has_passed(self->deadline_)) {
            self->wait_for_deadline();
            return;
        }
        self->expired_ = true;
        code ignored;
        self->socket_.close(ignored);
    });
}

client_connection::code client_connection::settle(code fault) noexcept {
    deadline_ = steady_time::max();
    return expired_ ? code(asio::error::timed_out) : fault;
}

} // namespace seedhook::http
