// A BIO over tls_bytes.
#include "http/tls_bytes.hpp"

#include <openssl/bio.h>

#include <cerrno>

namespace seedhook::http {
namespace {

bool passes(int value) noexcept { return would_block(value) || value == EINTR; }

tls_bytes& bytes_of(BIO* bio) noexcept { return *static_cast<tls_bytes*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = bytes_of(bio).write({data, size});
    if (sent < 0) {
        if (passes(errno)) {
            BIO_set_retry_write(bio);
        }
        return 0;
    }
    *written = static_cast<std::size_t>(sent);
    return 1;
}

int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* read) {
    BIO_clear_retry_flags(bio);
    const ssize_t received = bytes_of(bio).read({data, size});
    if (received <= 0) {
        if (received < 0 && passes(errno)) {
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

BIO_METHOD* bio_method() {
    static const std::unique_ptr<BIO_METHOD, free_method> method = [] {
        std::unique_ptr<BIO_METHOD, free_method> made(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection"));
        if (made) {
            BIO_meth_set_write_ex(made.get(), bio_write);
            BIO_meth_set_read_ex(made.get(), bio_read);
            BIO_meth_set_ctrl(made.get(), bio_control);
        }
        return made;
    }();
    return method.get();
}

} // namespace

ssl_ptr make_ssl(SSL_CTX* context, tls_bytes& bytes) {
    ssl_ptr ssl(SSL_new(context));
    BIO* const bio = ssl && bio_method() != nullptr ? BIO_new(bio_method()) : nullptr;
    if (bio == nullptr) {
        return nullptr;
    }
    BIO_set_data(bio, &bytes);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    return ssl;
}

io_state state_after(const SSL* ssl, int result) {
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return io_state::wants_read;
    case SSL_ERROR_WANT_WRITE:
        return io_state::wants_write;
    case SSL_ERROR_ZERO_RETURN:
        return io_state::ended;
    default:
        return io_state::failed;
    }
}

} // namespace seedhook::http
