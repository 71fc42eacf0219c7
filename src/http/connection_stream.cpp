// Plain and TLS streams over a descriptor. TLS works on the descriptor itself: asio::ssl::stream would copy through two
// memory BIOs with 17 KiB buffers of its own, on every connection.
#include "http/connection_stream.hpp"

#include "http/tls_bytes.hpp"

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <cerrno>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace seedhook::http {
namespace {

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

// The record that a handshake begins with. OpenSSL takes tens of KiB for a handshake from the start; a peer that does
// not go on, or sends it byte by byte, costs what it has sent.
class first_record {
public:
    // Reads on. `done` once it is whole, or cannot be one any more, which is for OpenSSL to say.
    io_progress read(int descriptor) {
        std::array<char, head_size + most_content> some;
        while (missing() > 0) {
            const ssize_t size = ::recv(descriptor, some.data(), missing(), 0);
            if (size == 0) {
                return {io_state::ended, 0};
            }
            if (size < 0 && errno != EINTR) {
                return {would_block(errno) ? io_state::wants_read : io_state::failed, 0};
            }
            if (size > 0) {
                bytes_.append(some.data(), static_cast<std::size_t>(size));
            }
        }
        return {io_state::done, 0};
    }

    // Hands out what was read, once.
    std::size_t take(std::span<char> into) {
        const std::size_t size = bytes_.copy(into.data(), into.size());
        bytes_.erase(0, size);
        if (bytes_.empty()) {
            bytes_.shrink_to_fit();
        }
        return size;
    }

private:
    // TLSPlaintext (RFC 8446, 5.1): type, version, length of the content.
    static constexpr std::size_t head_size = 5;
    static constexpr std::size_t most_content = std::size_t{1} << 14U;
    static constexpr char handshake_type = 22;

    std::size_t missing() const {
        if (bytes_.size() < head_size) {
            return bytes_.empty() || bytes_.front() == handshake_type ? head_size - bytes_.size() : 0;
        }
        const std::size_t content =
            std::size_t{static_cast<unsigned char>(bytes_[3])} << 8U | static_cast<unsigned char>(bytes_[4]);
        const bool well = bytes_.front() == handshake_type && content <= most_content;
        return well ? head_size + content - bytes_.size() : 0;
    }

    std::string bytes_;
};

// Records go to the socket as OpenSSL writes them: an answer is seldom more than one.
class tls_socket final : public tls_bytes {
public:
    explicit tls_socket(int descriptor) noexcept : descriptor_(descriptor) {}

    ssize_t read(std::span<char> into) override {
        const std::size_t begun = first.take(into);
        return begun > 0 ? static_cast<ssize_t>(begun) : ::recv(descriptor_, into.data(), into.size(), 0);
    }

    ssize_t write(std::string_view from) override {
        return ::send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL);
    }

    int descriptor() const noexcept { return descriptor_; }

    first_record first;

private:
    int descriptor_;
};

// Of a record: OpenSSL takes memory for the longest from the start.
constexpr long handshake_fragment = 4096;

class tls_stream final : public connection_stream {
public:
    tls_stream(int descriptor, std::shared_ptr<tls::server_identity> identity)
        : socket_(descriptor), identity_(std::move(identity)) {}

    io_progress handshake(std::string_view peer) override {
        ERR_clear_error();
        if (!ssl_) {
            const io_progress heard = socket_.first.read(socket_.descriptor());
            if (heard.state == io_state::wants_read) {
                return heard;
            }
            if (heard.state != io_state::done || !begin()) {
                identity_->tell_failure(peer, tls::take_handshake_failure(nullptr));
                return {io_state::failed, 0};
            }
        }
        const int done = SSL_accept(ssl_.get());
        if (done == 1) {
            SSL_set_max_send_fragment(ssl_.get(), SSL3_RT_MAX_PLAIN_LENGTH);
            return {io_state::done, 0};
        }
        const io_state state = state_after(ssl_.get(), done);
        if (state != io_state::wants_read && state != io_state::wants_write) {
            identity_->tell_failure(peer, tls::take_handshake_failure(ssl_.get()));
        }
        return without(state);
    }

    void give_up_handshake(std::string_view peer) override {
        identity_->tell_failure(peer, {tls::handshake_fault::timed_out, "the client did not go on in time"});
    }

    io_progress read(std::span<char> into) override {
        ERR_clear_error();
        std::size_t size = 0;
        const int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
        return done == 1 ? io_progress{io_state::done, size} : without(state_after(ssl_.get(), done));
    }

    io_progress write(std::string_view first, std::string_view second) override {
        const std::string_view next = first.empty() ? second : first;
        if (next.empty()) {
            return {io_state::done, 0};
        }
        ERR_clear_error();
        std::size_t size = 0;
        const int done = SSL_write_ex(ssl_.get(), next.data(), next.size(), &size);
        return done == 1 ? io_progress{io_state::done, size} : without(state_after(ssl_.get(), done));
    }

    bool has_buffered_input() const override { return SSL_has_pending(ssl_.get()) == 1; }

    void end_output() override {
        if (ssl_ && !broken_ && SSL_is_init_finished(ssl_.get()) == 1) {
            ERR_clear_error();
            SSL_shutdown(ssl_.get());
            ERR_clear_error();
        }
        ::shutdown(socket_.descriptor(), SHUT_WR);
    }

    bool likes_whole_records() const override { return true; }

private:
    // False when OpenSSL has no memory; its queue of errors then says so.
    bool begin() {
        context_ = identity_->current();
        ssl_ = make_ssl(context_->native_handle(), socket_);
        return ssl_ != nullptr && SSL_set_max_send_fragment(ssl_.get(), handshake_fragment) == 1;
    }

    io_progress without(io_state state) {
        // An end without close_notify is among these: it never completes a message here, as we know each one's length.
        if (state == io_state::failed) {
            broken_ = true; // SSL_shutdown is forbidden now
            ERR_clear_error();
        }
        return {state, 0};
    }

    tls_socket socket_;
    std::shared_ptr<tls::server_identity> identity_;
    tls::context_ptr context_;
    ssl_ptr ssl_; // once the client has begun
    bool broken_ = false;
};

} // namespace

std::unique_ptr<connection_stream> make_plain_stream(int descriptor) {
    return std::make_unique<plain_stream>(descriptor);
}

std::unique_ptr<connection_stream> make_tls_stream(int descriptor, std::shared_ptr<tls::server_identity> identity) {
    return std::make_unique<tls_stream>(descriptor, std::move(identity));
}

} // namespace seedhook::http
