// A connection's course: requests one after the other, each passed through the gate, routed, answered.
#include "http/connection.hpp"

#include "seedhook/log/log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <exception>

namespace seedhook::http {
namespace {

constexpr std::size_t record = 16 * 1024; // the most a TLS record holds
constexpr std::size_t stream_piece = 64 * 1024;
constexpr std::size_t chunk_head_room = 18; // 16 hex digits and CRLF
constexpr std::string_view last_chunk = "0\r\n\r\n";

response nobody_there(const route_match& match) {
    if (match.allow.empty()) {
        return error_response(404, "not_found", "there is nothing at this path");
    }
    response answer = error_response(405, "method_not_allowed", "this path does not take that method");
    answer.fields.emplace_back("Allow", match.allow);
    return answer;
}

response our_fault() {
    response answer = error_response(500, "internal_error", "the request could not be handled");
    answer.close = true;
    return answer;
}

// A piece of a stream with room around it for the chunked coding's framing.
class framed_piece {
public:
    framed_piece() : bytes_(chunk_head_room + stream_piece + 2, '\0') {}

    std::span<char> space(std::size_t most) { return {bytes_.data() + chunk_head_room, std::min(most, stream_piece)}; }
    std::string_view plain(std::size_t size) const { return {bytes_.data() + chunk_head_room, size}; }

    std::string_view as_chunk(std::size_t size) {
        std::array<char, 16> digits;
        const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
        const std::string_view head(digits.data(), static_cast<std::size_t>(end - digits.data()));
        const std::size_t begin = chunk_head_room - 2 - head.size();
        head.copy(bytes_.data() + begin, head.size());
        bytes_[chunk_head_room - 2] = '\r';
        bytes_[chunk_head_room - 1] = '\n';
        bytes_[chunk_head_room + size] = '\r';
        bytes_[chunk_head_room + size + 1] = '\n';
        return std::string_view(bytes_).substr(begin, head.size() + size + 4);
    }

private:
    std::string bytes_;
};

} // namespace

connection::connection(connection_host& host, asio::posix::stream_descriptor socket,
                       std::unique_ptr<connection_stream> stream, peer_identity peer, admission::place place,
                       bool proxied)
    : host_(host), socket_(std::move(socket)), timer_(socket_.get_executor()), stream_(std::move(stream)),
      peer_(std::move(peer)), place_(std::move(place)), since_(clock::now()), proxied_(proxied) {
    request_.peer = peer_.name;
    request_.client = peer_.client;
    host_.those(at_).push_back(*this);
}

awaitable<> connection::run() {
    const clock::time_point deadline = since_ + host_.limits.header_timeout;
    idle_ = true;
    bool more = true;
    if (proxied_) {
        more = co_await hear_proxy(deadline);
    }
    if (more) {
        more = co_await shake_hands(deadline);
    }
    while (more) {
        more = co_await serve_one();
        forget_request();
    }
    co_await close();
}

awaitable<bool> connection::serve_one() {
    consumed_ = co_await receive_head();
    if (consumed_ == 0) {
        co_return false;
    }
    const auto framed = read_head(input().substr(0, consumed_), request_);
    if (!framed) {
        request_.method = std::string_view();
        co_await refuse(framed.error());
        co_return false;
    }
    framing_ = *framed;
    if (peer_.trusted) {
        look_behind_proxy();
    }
    const std::shared_ptr<const router> routes = host_.routes;
    route_match match = routes->match(request_.method, request_.path);
    std::optional<response> refused = routes->refusal(request_);
    if (!refused && match.found != nullptr && match.found->refuse_early) {
        refused = match.found->refuse_early(request_);
    }
    if (refused || match.found == nullptr) {
        response answer = refused ? std::move(*refused) : nobody_there(match);
        // A body that nobody takes is not read either, so what follows it cannot be found.
        co_return co_await send(std::move(answer), framing_.keep_alive && !framing_.has_body());
    }
    if (framing_.has_body()) {
        const body_state body = co_await take_body(*match.found);
        if (body == body_state::refused) {
            co_await refuse(refusal_);
        }
        if (body != body_state::whole) {
            co_return false;
        }
    }
    request_.captures = std::move(match.captures);
    response answer = co_await call(*match.found);
    co_return co_await send(std::move(answer), framing_.keep_alive);
}

awaitable<response> connection::call(const endpoint& taker) {
    std::string what = "not a std::exception";
    try {
        co_return co_await taker.handle(request_);
    } catch (const std::exception& thrown) {
        what = thrown.what();
    } catch (...) { // NOLINT(bugprone-empty-catch): said below
    }
    log::error("a request handler failed",
               {{"method", request_.method}, {"path", request_.path}, {"what", std::string_view(what)}});
    co_return our_fault();
}

awaitable<> connection::refuse(refusal why) {
    framing_ = {};
    response answer = error_response(why.status, why.code, why.reason);
    co_await send(std::move(answer), false);
}

// True when the connection goes on. `answer` is held here until its last byte is written.
awaitable<bool> connection::send(response answer, bool keep_alive) {
    if (!is_sendable(answer)) {
        log::error("a response that must not be sent",
                   {{"path", request_.path}, {"status", static_cast<std::int64_t>(answer.status)}});
        answer = our_fault();
    }
    response_context context;
    context.http_1_0 = framing_.http_1_0;
    context.keep_alive = keep_alive && !host_.stopping && !dropped_;
    context.to_head = request_.method == "HEAD";
    context.date = host_.date.now();
    out_.clear();
    const framed_response framed = append_head(out_, answer, context);
    ending_ = framed.keep_alive ? ending::quiet : ending::answered;
    if (framed.form != body_form::none && framed.form != body_form::whole) {
        const bool whole = co_await send_stream(answer, framed.form);
        ending_ = whole ? ending_ : ending::broken;
        co_return whole&& framed.keep_alive;
    }
    std::string_view head = out_;
    std::string_view body = framed.form == body_form::whole ? std::string_view(answer.body) : std::string_view{};
    if (stream_->likes_whole_records() && out_.size() < record) {
        const std::string_view with_head = body.substr(0, record - out_.size());
        body.remove_prefix(with_head.size());
        out_.append(with_head);
        head = out_;
    }
    if (write_now(head, body) != io_state::done) {
        const bool written = co_await write_all(head, body);
        if (!written) {
            ending_ = ending::broken;
            co_return false;
        }
    }
    co_return framed.keep_alive;
}

// True when the whole body went out.
awaitable<bool> connection::send_stream(const response& answer, body_form form) {
    framed_piece piece;
    std::uint64_t left = form == body_form::sized ? *answer.stream_length : 0;
    std::string_view head = out_;
    for (;;) {
        // One byte more than promised is asked for, so that a body which is too long is seen before its end goes out.
        const std::size_t most =
            form == body_form::sized && left < stream_piece ? static_cast<std::size_t>(left) + 1 : stream_piece;
        std::size_t size = 0;
        try {
            const result<std::size_t> read = co_await answer.stream->read(piece.space(most));
            if (!read) {
                co_return false;
            }
            size = *read;
        } catch (const std::exception& thrown) {
            log::error("a response's body failed",
                       {{"path", request_.path}, {"what", std::string_view(thrown.what())}});
            co_return false;
        }
        if (form == body_form::sized && (size > left || (size == 0 && left > 0))) {
            co_return false;
        }
        left -= form == body_form::sized ? size : 0;
        std::string_view next = piece.plain(size);
        if (form == body_form::chunked) {
            next = size == 0 ? last_chunk : piece.as_chunk(size);
        }
        const bool written = co_await write_all(head, next);
        if (!written || size == 0) {
            co_return written;
        }
        head = {};
    }
}

} // namespace seedhook::http
