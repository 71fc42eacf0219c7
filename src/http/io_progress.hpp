// What a non-blocking operation on a connection has come to.
#pragma once

#include <cerrno>
#include <cstddef>

namespace seedhook::http {

enum class io_state {
    done,        // `size` bytes were moved
    wants_read,  // again when the socket is readable
    wants_write, // again when it is writable
    ended,       // the peer sends no more
    failed,      // the connection is broken
};

struct io_progress {
    io_state state = io_state::failed;
    std::size_t size = 0;
};

// Of errno, after a call on a non-blocking socket.
inline bool would_block(int value) noexcept { return value == EAGAIN || value == EWOULDBLOCK; }

} // namespace seedhook::http
