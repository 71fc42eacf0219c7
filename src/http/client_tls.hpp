// TLS of the client over a non-blocking descriptor, in large pieces. Nothing here waits: an operation does what it can
// at once and says what it waits for. asio::ssl::stream would go to the socket for each record of 16 KiB and copy it
// twice.
#pragma once

#include "http/tls_bytes.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/tls/context.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace seedhook::http {

class client_tls {
public:
    // Checks `host` (a name, or the text of `address`) against the peer's certificate; an unverified peer is never
    // spoken to. Does not own the descriptor. Fails with errc::tls.
    static result<std::unique_ptr<client_tls>> make(int descriptor, tls::context_ptr context, const std::string& host,
                                                    const std::optional<boost::asio::ip::address>& address);
    ~client_tls();
    client_tls(const client_tls&) = delete;
    client_tls& operator=(const client_tls&) = delete;

    io_progress handshake();

    // As much as is there and fits.
    io_progress read(std::span<char> into);

    // Takes bytes from the front of `from`, which are on their way once `flush` is done; to be called only then. It
    // waits to read when the peer has begun to say something of TLS's own, such as a new ticket, and has not ended it.
    // The size that `flush` tells is that of what the peer may have got, if only a part.
    io_progress write(std::string_view from);
    io_progress flush();

    // Why the last operation has `ended` or `failed`: asio::error::eof for a proper end, ssl::error::stream_truncated
    // for a stream that was cut, or what the socket or OpenSSL says.
    boost::system::error_code fault() const noexcept { return fault_; }

    // Why the handshake failed, for a person: errc::tls, or errc::network when it is the connection that did.
    error handshake_failure() const;

    // Bytes have come that were not read yet.
    bool has_buffered_input() const { return SSL_has_pending(ssl_.get()) == 1; }

    // Keeps no memory for the next piece: there may be none for long.
    void rest() noexcept;

private:
    class records;

    client_tls(int descriptor, tls::context_ptr context);
    io_progress progress(int result, std::size_t size);

    tls::context_ptr context_; // outlives ssl_, as the records do
    std::unique_ptr<records> records_;
    ssl_ptr ssl_;
    boost::system::error_code fault_;
};

} // namespace seedhook::http
