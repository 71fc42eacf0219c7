// The bytes of one connection, plain or TLS, over a non-blocking socket. Nothing here waits: an operation does what it
// can at once and says what it waits for. Knows no executor, so that the connection has one way of waiting for all
// kinds.
#pragma once

#include "http/io_progress.hpp"
#include "seedhook/tls/server_identity.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace seedhook::http {

// Does not own the descriptor.
class connection_stream {
public:
    virtual ~connection_stream() = default;

    // Until `done`, nothing can be read or written. A failure is told to those who look after the certificate; `peer`
    // is for them.
    virtual io_progress handshake(std::string_view peer) = 0;

    // The peer has not gone on with its handshake: this is told, too.
    virtual void give_up_handshake(std::string_view peer) = 0;

    virtual io_progress read(std::span<char> into) = 0;

    // Writes from the front of `first`, then of `second`. An attempt that moved nothing is to be made again with the
    // same bytes.
    virtual io_progress write(std::string_view first, std::string_view second) = 0;

    // True when a read may succeed although the socket is not readable.
    virtual bool has_buffered_input() const = 0;

    // Tells the peer that we send no more, as well as can be done at once.
    virtual void end_output() = 0;

    // True when this kind gains from small pieces being put together before they are written.
    virtual bool likes_whole_records() const = 0;
};

std::unique_ptr<connection_stream> make_plain_stream(int descriptor);

// OpenSSL's part begins with the client's: a peer that sends nothing holds none of its memory.
std::unique_ptr<connection_stream> make_tls_stream(int descriptor, std::shared_ptr<tls::server_identity> identity);

} // namespace seedhook::http
