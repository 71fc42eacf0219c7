// Plain and TLS streams over a descriptor. TLS works on the descriptor itself: asio::ssl::stream would copy through two
// memory BIOs with 17 KiB buffers of its own, on every connection.
#include "http/connection_stream.hpp"

#include <boost/asio/ssl/context.hpp>

#include <cerrno>
#include <climits>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace seedhook::http {
namespace {

bool would_block(int value) noexcept { return value == EAGAIN || value == EWOULDBLOCK; }

class plain_stream final : public connection_stream {
public:
    explicit plain_stream(int descriptor) noexcept : descriptor_(descriptor) {}

    io_progress handshake(std::string_view) override { return {io_state::done, 0}; }
    void give_up_handshake(std::string_view) override {}

    io_progress read(std::span<char> into) override {
        ssize_t size = 0;
        do {
            size = ::recv(descriptor_, into.data(), into.size(), 0);
        } while (size < 0 && errno == EINTR);
        if (size > 0) {
            return {io_state::done, static_cast<std::size_t>(size)};
        }
        if (size == 0) {
            return {io_state::ended, 0};
        }
        return {would_block(errno) ? io_state::wants_read : io_state::failed, 0};
    }

    io_progress write(std::string_view first, std::string_view second) override {
        iovec parts[2]{{const_cast<char*>(first.data()), first.size()},
                       {const_cast<char*>(second.data()), second.size()}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        ssize_t size = 0;
        do {
            size = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        } while (size < 0 && errno == EINTR);
        if (size >= 0) {
            return {io_state::done, static_cast<std::size_t>(size)};
        }
        return {would_block(errno) ? io_state::wants_write : io_state::failed, 0};
    }

    bool has_buffered_input() const override { return false; }
    void end_output() override { ::shutdown(descriptor_, SHUT_WR); }
    bool likes_whole_records() const override { return false; }

private:
    int descriptor_;
};

// OpenSSL's own socket BIO uses write(2), and a peer that has gone would send us SIGPIPE.
int descriptor_of(BIO* bio) noexcept { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(descriptor_of(bio), data, size, MSG_NOSIGNAL);
    if (sent < 0) {
        if (would_block(errno) || errno == EINTR) {
            BIO_set_retry_write(bio);
        }
        return 0;
    }
    *written = static_cast<std::size_t>(sent);
    return 1;
}

int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* read) {
    BIO_clear_retry_flags(bio);
    const ssize_t received = ::recv(descriptor_of(bio), data, size, 0);
    if (received <= 0) {
        if (received < 0 && (would_block(errno) || errno == EINTR)) {
            BIO_set_retry_read(bio);
        }
        return 0;
    }
    *read = static_cast<std::size_t>(received);
    return 1;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

struct free_method {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

BIO_METHOD* descriptor_bio() {
    static const std::unique_ptr<BIO_METHOD, free_method> method = [] {
        std::unique_ptr<BIO_METHOD, free_method> made(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "descriptor"));
        if (made) {
            BIO_meth_set_write_ex(made.get(), bio_write);
            BIO_meth_set_read_ex(made.get(), bio_read);
            BIO_meth_set_ctrl(made.get(), bio_control);
        }
        return made;
    }();
    return method.get();
}

struct free_ssl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ssl_ptr = std::unique_ptr<SSL, free_ssl>;

class tls_stream final : public connection_stream {
public:
    tls_stream(int descriptor, std::shared_ptr<tls::server_identity> identity, tls::context_ptr context, ssl_ptr ssl)
        : descriptor_(descriptor), identity_(std::move(identity)), context_(std::move(context)), ssl_(std::move(ssl)) {}

    io_progress handshake(std::string_view peer) override {
        ERR_clear_error();
        const int done = SSL_accept(ssl_.get());
        if (done == 1) {
            return {io_state::done, 0};
        }
        const int reason = SSL_get_error(ssl_.get(), done);
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
            identity_->tell_failure(peer, tls::take_handshake_failure(ssl_.get()));
        }
        return why_not(reason);
    }

    void give_up_handshake(std::string_view peer) override {
        identity_->tell_failure(peer, {tls::handshake_fault::timed_out, "the client did not go on in time"});
    }

    io_progress read(std::span<char> into) override {
        ERR_clear_error();
        std::size_t size = 0;
        const int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
        return done == 1 ? io_progress{io_state::done, size} : why_not(SSL_get_error(ssl_.get(), done));
    }

    io_progress write(std::string_view first, std::string_view second) override {
        const std::string_view next = first.empty() ? second : first;
        if (next.empty()) {
            return {io_state::done, 0};
        }
        ERR_clear_error();
        std::size_t size = 0;
        const int done = SSL_write_ex(ssl_.get(), next.data(), next.size(), &size);
        return done == 1 ? io_progress{io_state::done, size} : why_not(SSL_get_error(ssl_.get(), done));
    }

    bool has_buffered_input() const override { return SSL_has_pending(ssl_.get()) == 1; }

    void end_output() override {
        if (!broken_ && SSL_is_init_finished(ssl_.get()) == 1) {
            ERR_clear_error();
            SSL_shutdown(ssl_.get());
            ERR_clear_error();
        }
        ::shutdown(descriptor_, SHUT_WR);
    }

    bool likes_whole_records() const override { return true; }

private:
    io_progress why_not(int reason) {
        if (reason == SSL_ERROR_WANT_READ) {
            return {io_state::wants_read, 0};
        }
        if (reason == SSL_ERROR_WANT_WRITE) {
            return {io_state::wants_write, 0};
        }
        if (reason == SSL_ERROR_ZERO_RETURN) {
            return {io_state::ended, 0};
        }
        // An end without close_notify is among these: it never completes a message here, as we know each one's length.
        broken_ = true; // SSL_shutdown is forbidden now
        ERR_clear_error();
        return {io_state::failed, 0};
    }

    int descriptor_;
    std::shared_ptr<tls::server_identity> identity_;
    tls::context_ptr context_;
    ssl_ptr ssl_;
    bool broken_ = false;
};

} // namespace

std::unique_ptr<connection_stream> make_plain_stream(int descriptor) {
    return std::make_unique<plain_stream>(descriptor);
}

std::unique_ptr<connection_stream> make_tls_stream(int descriptor, std::shared_ptr<tls::server_identity> identity) {
    tls::context_ptr context = identity->current();
    ssl_ptr ssl(SSL_new(context->native_handle()));
    BIO* bio = ssl && descriptor_bio() != nullptr ? BIO_new(descriptor_bio()) : nullptr;
    if (bio == nullptr) {
        ERR_clear_error();
        return nullptr;
    }
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    return std::make_unique<tls_stream>(descriptor, std::move(identity), std::move(context), std::move(ssl));
}

} // namespace seedhook::http
