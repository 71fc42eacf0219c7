// A connection's receiving: a request's head, then its body, in buffers that are reused and let go when idle.
#include "http/connection.hpp"

#include "http/gate_chunks.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>

namespace seedhook::http {
namespace {

constexpr std::size_t usual_head = 4 * 1024;
constexpr std::size_t body_step = 4 * 1024; // an announced length is not believed before bytes arrive
constexpr std::size_t kept_while_idle = 1024;
constexpr std::size_t kept_while_waiting = 1024; // of a head: more is not worth the copy
constexpr std::size_t fields_kept_while_idle = 32;

constexpr refusal head_too_large{431, "head_too_large", "the request's head is too large"};
constexpr refusal head_too_slow{408, "request_timeout", "the request's head took too long"};
constexpr refusal body_too_slow{408, "request_timeout", "the request's body took too long"};
constexpr refusal body_too_large{413, "too_large", "the body is larger than this endpoint takes"};

constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

void let_go_if_large(std::string& text) {
    text.clear();
    if (text.capacity() > kept_while_idle) {
        text.shrink_to_fit();
    }
}

} // namespace

std::string_view connection::input() const noexcept {
    const auto bytes = in_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

// More bytes into `in_`. Memory for them is taken only once they are there: an idle connection holds none, and one that
// sends its head byte by byte little more than it has sent.
awaitable<connection::received> connection::fill(clock::time_point deadline) {
    io_state wanted = io_state::wants_read;
    bool ready = stream_->has_buffered_input() || (host_.stopping && idle_);
    for (;;) {
        if (!ready) {
            if (in_.size() <= kept_while_waiting) {
                in_.shrink_to_fit();
            }
            const waited outcome = co_await wait(wanted, deadline);
            if (outcome == waited::late) {
                co_return received::late;
            }
            // What reached us before the server stopped is still served.
            const bool last_look = host_.stopping && idle_ && !host_.broken_off;
            if (outcome == waited::stopped && !last_look) {
                co_return received::ended;
            }
        }
        const std::size_t room = host_.limits.head - in_.size();
        const std::size_t spare = in_.capacity() - in_.size();
        const auto space = in_.prepare(std::min(room, spare >= 512 ? spare : std::max(usual_head, in_.size())));
        const io_progress got = stream_->read({static_cast<char*>(space.data()), space.size()});
        if (got.state == io_state::done) {
            in_.commit(got.size);
            co_return received::bytes;
        }
        if (got.state != io_state::wants_read && got.state != io_state::wants_write) {
            co_return received::ended;
        }
        if (host_.stopping && idle_) {
            co_return received::ended;
        }
        wanted = got.state;
        ready = false;
    }
}

// The size of the next head, whole at the front of `in_`; 0 when the connection is to end.
awaitable<std::size_t> connection::receive_head() {
    const auto begun = clock::now();
    const auto between = first_ ? begun + host_.limits.header_timeout : begun + host_.limits.idle_timeout;
    head_deadline_ = begun + host_.limits.header_timeout;
    std::size_t searched = 0;
    for (;;) {
        const std::string_view bytes = input();
        const auto end = end_of_head(bytes, searched);
        if (end && *end <= host_.limits.head) {
            stand(standing::busy, begun);
            idle_ = false;
            first_ = false;
            co_return *end;
        }
        const auto wrong =
            bytes.size() >= host_.limits.head ? std::optional(head_too_large) : check_partial_head(bytes, searched);
        if (wrong) {
            co_await refuse(*wrong);
            co_return 0;
        }
        searched = bytes.size();
        idle_ = bytes.empty();
        if (!first_) {
            stand(idle_ ? standing::idle : standing::arriving, head_deadline_ - host_.limits.header_timeout);
        }
        const received outcome = co_await fill(idle_ ? between : head_deadline_);
        if (outcome == received::late && !idle_) {
            co_await refuse(head_too_slow);
        }
        if (outcome != received::bytes) {
            co_return 0;
        }
        if (idle_ && !first_) {
            head_deadline_ = clock::now() + host_.limits.header_timeout; // from the first byte
        }
    }
}

// Of the next bytes, when `have` have come.
connection::clock::time_point connection::body_deadline(std::size_t have) const noexcept {
    const server_limits& limits = host_.limits;
    const std::chrono::milliseconds earned(have * 1000 / limits.least_rate);
    return std::min({body_begun_ + limits.request_timeout, body_begun_ + limits.header_timeout + earned,
                     clock::now() + limits.idle_timeout});
}

connection::body_state connection::refuse_body(refusal why) noexcept {
    refusal_ = why;
    return body_state::refused;
}

connection::body_state connection::lost_body(received how) noexcept {
    return how == received::late ? refuse_body(body_too_slow) : body_state::gone;
}

awaitable<connection::body_state> connection::take_body(const endpoint& taker) {
    if (framing_.length.value_or(0) > taker.body_limit) {
        co_return refuse_body(body_too_large);
    }
    body_begun_ = clock::now();
    // A client that has begun to send does not wait for our leave.
    if (framing_.expects_continue && in_.size() == consumed_) {
        const bool told = co_await write_all(continue_response, std::string_view());
        if (!told) {
            co_return body_state::gone;
        }
    }
    if (framing_.chunked) {
        co_return co_await take_chunked_body(taker.body_limit);
    }
    co_return co_await take_sized_body(static_cast<std::size_t>(framing_.length.value_or(0)));
}

awaitable<connection::body_state> connection::take_sized_body(std::size_t length) {
    const std::string_view here = input().substr(consumed_);
    if (here.size() >= length) {
        request_.body = here.substr(0, length);
        consumed_ += length;
        co_return body_state::whole;
    }
    body_.assign(here);
    consumed_ = in_.size();
    std::size_t have = body_.size();
    stand(standing::stalled, body_begun_);
    while (have < length) {
        if (have == body_.size()) {
            body_.resize(std::min(length, std::max(body_step, have * 2)));
        }
        std::size_t size = 0;
        const received outcome = co_await receive(std::span<char>(body_).subspan(have), size, body_deadline(have));
        if (outcome != received::bytes) {
            co_return lost_body(outcome);
        }
        have += size;
    }
    stand(standing::busy, body_begun_);
    request_.body = body_;
    co_return body_state::whole;
}

awaitable<connection::body_state> connection::take_chunked_body(std::size_t limit) {
    chunk_reader reader(limit);
    std::string_view raw = input().substr(consumed_);
    const std::size_t here = raw.size();
    body_.clear();
    auto progress = reader.read(raw, body_);
    consumed_ += here - raw.size();
    std::string piece;
    std::size_t have = here;
    stand(standing::stalled, body_begun_);
    while (progress == chunk_reader::progress::more) {
        piece.resize(body_step);
        std::size_t size = 0;
        const received outcome = co_await receive(piece, size, body_deadline(have));
        if (outcome != received::bytes) {
            co_return lost_body(outcome);
        }
        have += size;
        raw = std::string_view(piece).substr(0, size);
        progress = reader.read(raw, body_);
        next_.assign(raw);
    }
    if (progress == chunk_reader::progress::failed) {
        co_return refuse_body(reader.why());
    }
    stand(standing::busy, body_begun_);
    request_.body = body_;
    co_return body_state::whole;
}

void connection::forget_request() {
    in_.consume(consumed_);
    consumed_ = 0;
    if (!next_.empty()) {
        const auto space = in_.prepare(next_.size());
        asio::buffer_copy(space, asio::buffer(next_));
        in_.commit(next_.size());
    }
    if (in_.size() == 0) {
        in_.shrink_to_fit();
    }
    let_go_if_large(next_);
    let_go_if_large(body_);
    let_go_if_large(out_);
    request_.method = request_.target = request_.path = request_.query = request_.body = {};
    request_.captures.clear();
    if (request_.fields.capacity() > fields_kept_while_idle) {
        request_.fields = {};
    }
}

} // namespace seedhook::http
