// Sockets and TLS of the client.
#include "http/client_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <tuple>
#include <utility>

namespace seedhook::http {

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

error tls_error(SSL* ssl, const boost::system::error_code& fault) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        return {errc::tls, std::string("certificate: ") + X509_verify_cert_error_string(verdict)};
    }
    const bool below = fault.category() == boost::system::system_category();
    return {below ? errc::network : errc::tls, "TLS handshake: " + fault.message()};
}

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

result<void> client_connection::prepare_tls(const std::string& host, const std::optional<asio::ip::address>& address) {
    SSL* const ssl = tls_->native_handle();
    static constexpr std::array<unsigned char, 9> protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    bool well = SSL_set_alpn_protos(ssl, protocols.data(), protocols.size()) == 0;
    if (address) {
        const std::string text = address->to_string();
        well = well && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text.c_str()) == 1;
    } else {
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        well = well && SSL_set1_host(ssl, host.c_str()) == 1 &&
               SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                        const_cast<char*>(host.c_str())) == 1;
    }
    if (!well) {
        return error(errc::tls, "TLS could not be set up for that host");
    }
    // Whatever the context says, an unverified peer is never spoken to.
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    return {};
}

awaitable<result<void>> client_connection::start_tls(tls::context_ptr context, std::string host,
                                                     std::optional<asio::ip::address> address, steady_time deadline) {
    if (context == nullptr) {
        co_return error(errc::tls, "no TLS context");
    }
    context_ = std::move(context);
    tls_.emplace(socket_, *context_);
    if (auto ready = prepare_tls(host, address); !ready) {
        co_return ready.error();
    }
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    code outcome = obstacle(state, deadline);
    if (!outcome) {
        watch(deadline);
        const auto [fault] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_result);
        outcome = settle(fault);
    }
    const asio::cancellation_state after = co_await asio::this_coro::cancellation_state;
    if (after.cancelled() != asio::cancellation_type::none) {
        co_return error(errc::cancelled, "cancelled");
    }
    if (outcome == asio::error::timed_out) {
        co_return error(errc::timed_out, "timed out");
    }
    if (outcome) {
        co_return tls_error(tls_->native_handle(), outcome);
    }
    co_return result<void>();
}

awaitable<client_connection::transfer> client_connection::read_some(asio::mutable_buffer into, steady_time deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    transfer out;
    out.fault = obstacle(state, deadline);
    if (out.fault) {
        co_return out;
    }
    watch(deadline);
    if (tls_) {
        std::tie(out.fault, out.size) = co_await tls_->async_read_some(into, as_result);
    } else {
        std::tie(out.fault, out.size) = co_await socket_.async_read_some(into, as_result);
    }
    out.fault = settle(out.fault);
    co_return out;
}

awaitable<client_connection::transfer> client_connection::write_some(asio::const_buffer from, steady_time deadline) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    transfer out;
    out.fault = obstacle(state, deadline);
    if (out.fault) {
        co_return out;
    }
    watch(deadline);
    if (tls_) {
        std::tie(out.fault, out.size) = co_await tls_->async_write_some(from, as_result);
    } else {
        std::tie(out.fault, out.size) = co_await socket_.async_write_some(from, as_result);
    }
    out.fault = settle(out.fault);
    co_return out;
}

bool client_connection::has_more() noexcept {
    int available = 0;
    return ::ioctl(socket_.native_handle(), FIONREAD, &available) == 0 && available > 0;
}

bool client_connection::is_quiet() noexcept {
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void client_connection::rest() noexcept {
    deadline_ = steady_time::max();
    waiting_ = false;
    ++wait_number_;
    timer_.cancel();
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
    return fault && expired_ ? code(asio::error::timed_out) : fault;
}

} // namespace seedhook::http
