// What OpenSSL reads and writes, by way of a BIO. OpenSSL's own for sockets uses write(2), and a peer that has gone
// would send us SIGPIPE.
#pragma once

#include "http/io_progress.hpp"

#include <openssl/ssl.h>
#include <sys/types.h>

#include <memory>
#include <span>
#include <string_view>

namespace seedhook::http {

// The bytes as they go over the connection. Nothing here waits.
class tls_bytes {
public:
    virtual ~tls_bytes() = default;

    // As recv(2) and send(2) over a non-blocking socket: -1 with errno.
    virtual ssize_t read(std::span<char> into) = 0;
    virtual ssize_t write(std::string_view from) = 0;
};

struct free_ssl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ssl_ptr = std::unique_ptr<SSL, free_ssl>;

// A connection of that context over `bytes`, which must outlive it. Nothing when OpenSSL has no memory; its queue of
// errors then says so.
ssl_ptr make_ssl(SSL_CTX* context, tls_bytes& bytes);

// What an operation that returned `result`, and was no success, has come to.
io_state state_after(const SSL* ssl, int result);

} // namespace seedhook::http
