// A connection's waiting: for its socket, within its limits on time.
#include "http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>

namespace seedhook::http {
namespace {

// How long the peer may take to read our last bytes and to stop sending, and how much it may send meanwhile: most
// clients read the answer only when they have sent the whole body.
constexpr std::chrono::seconds linger_limit(2);
constexpr std::size_t linger_bytes = 32 * 1024 * 1024;

// Reads what has arrived and drops it, adding how much to `dropped`. False once nothing more will come.
bool drop_input(int descriptor, std::size_t& dropped) noexcept {
    std::array<char, 16 * 1024> bytes;
    for (int rounds = 0; rounds < 16; ++rounds) {
        const ssize_t size = ::recv(descriptor, bytes.data(), bytes.size(), 0);
        if (size <= 0) {
            return size < 0 && (errno == EAGAIN || errno == EINTR);
        }
        dropped += static_cast<std::size_t>(size);
    }
    return true;
}

} // namespace

awaitable<connection::waited> connection::wait(io_state what, clock::time_point deadline) {
    if (host_.broken_off || dropped_) {
        co_return waited::stopped;
    }
    deadline_ = deadline;
    late_ = false;
    waiting_ = true;
    arm_timer();
    const auto kind = what == io_state::wants_write ? asio::posix::descriptor_base::wait_write
                                                    : asio::posix::descriptor_base::wait_read;
    boost::system::error_code failure;
    co_await socket_.async_wait(kind, asio::redirect_error(asio::use_awaitable, failure));
    waiting_ = false;
    if (late_) {
        co_return waited::late;
    }
    co_return failure ? waited::stopped : waited::ready;
}

void connection::arm_timer() {
    if (timer_armed_ && timer_.expiry() <= deadline_) {
        return;
    }
    timer_armed_ = true;
    timer_.expires_at(deadline_);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
        const std::shared_ptr<connection> self = failure ? nullptr : weak.lock();
        if (self) {
            self->on_timer();
        }
    });
}

void connection::on_timer() {
    timer_armed_ = false;
    if (!waiting_) {
        return;
    }
    if (clock::now() < deadline_) {
        arm_timer();
        return;
    }
    late_ = true;
    socket_.cancel();
}

awaitable<connection::received> connection::receive(std::span<char> into, std::size_t& size,
                                                    clock::time_point deadline) {
    io_state wanted = io_state::wants_read;
    bool ready = stream_->has_buffered_input();
    for (;;) {
        if (!ready) {
            const waited outcome = co_await wait(wanted, deadline);
            if (outcome != waited::ready) {
                co_return outcome == waited::late ? received::late : received::ended;
            }
        }
        const io_progress got = stream_->read(into);
        if (got.state == io_state::done) {
            size = got.size;
            co_return received::bytes;
        }
        if (got.state != io_state::wants_read && got.state != io_state::wants_write) {
            co_return received::ended;
        }
        wanted = got.state;
        ready = false;
    }
}

io_state connection::write_now(std::string_view& first, std::string_view& second) {
    while (!first.empty() || !second.empty()) {
        const io_progress written = stream_->write(first, second);
        if (written.state != io_state::done) {
            return written.state;
        }
        const std::size_t of_first = std::min(written.size, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(written.size - of_first);
    }
    return io_state::done;
}

awaitable<bool> connection::write_all(std::string_view first, std::string_view second) {
    const server_limits& limits = host_.limits;
    const std::size_t whole = first.size() + second.size();
    const clock::time_point begun = clock::now();
    for (;;) {
        const io_state state = write_now(first, second);
        if (state == io_state::done) {
            stand(standing::busy, begun);
            co_return true;
        }
        if (state != io_state::wants_read && state != io_state::wants_write) {
            co_return false;
        }
        stand(standing::stalled, begun);
        const std::size_t read = whole - first.size() - second.size();
        const std::chrono::milliseconds earned(read * 1000 / limits.least_rate);
        const clock::time_point now = clock::now();
        const waited outcome = co_await wait(state, std::min(now, begun + earned) + limits.idle_timeout);
        if (outcome != waited::ready) {
            co_return false;
        }
    }
}

awaitable<bool> connection::shake_hands(clock::time_point deadline) {
    for (;;) {
        const io_progress shaken = stream_->handshake(peer_.name);
        if (shaken.state == io_state::done) {
            co_return true;
        }
        const bool goes_on = shaken.state == io_state::wants_read || shaken.state == io_state::wants_write;
        if (!goes_on) {
            ending_ = ending::answered; // with an alert that says why
        }
        if (!goes_on || host_.stopping) {
            co_return false;
        }
        const waited outcome = co_await wait(shaken.state, deadline);
        if (outcome == waited::late) {
            stream_->give_up_handshake(peer_.name);
        }
        if (outcome != waited::ready) {
            co_return false;
        }
    }
}

void connection::stop() {
    if (idle_ && waiting_) {
        socket_.cancel();
    }
}

void connection::drop() {
    dropped_ = true;
    stand(standing::busy, since_);
    socket_.cancel();
}

void connection::stand(standing at, clock::time_point since) {
    if (at != at_) {
        at_ = at;
        since_ = since;
        unlink();
        host_.those(at).push_back(*this);
    }
}

awaitable<> connection::close() {
    idle_ = false;
    const int descriptor = socket_.native_handle();
    if (ending_ == ending::broken) {
        // A reset: an orderly end could be taken for the end of a body that has no length.
        const linger at_once{1, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else {
        stream_->end_output();
    }
    if (ending_ == ending::answered) {
        // Closing with unread input sends a reset, which can overtake our answer (RFC 9112, 9.6).
        const clock::time_point begun = clock::now();
        const clock::time_point deadline = begun + linger_limit;
        stand(standing::stalled, begun);
        std::size_t dropped = 0;
        while (drop_input(descriptor, dropped) && dropped < linger_bytes && clock::now() < deadline) {
            const waited outcome = co_await wait(io_state::wants_read, deadline);
            if (outcome != waited::ready) {
                break;
            }
        }
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
}

} // namespace seedhook::http
