// Request out, response in.
#include "http/client_exchange.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace seedhook::http {

namespace {

constexpr std::size_t joined_body = 64 * 1024; // bodies up to here are copied behind the head
constexpr std::size_t upload_piece = 256 * 1024;
constexpr unsigned most_interim_responses = 8;

} // namespace

exchange::exchange(client_connection_ptr over, std::string host, exchange_limits limits, std::size_t buffer_size)
    : over_(std::move(over)), host_(std::move(host)), limits_(limits),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)), capacity_(buffer_size) {}

steady_time exchange::earlier_of(duration limit) const {
    return std::min(std::chrono::steady_clock::now() + limit, limits_.end);
}

error exchange::failure(const client_connection::code& fault, phase in) const {
    if (fault == asio::error::operation_aborted) {
        return {errc::cancelled, host_ + ": cancelled"};
    }
    if (fault == asio::error::timed_out && std::chrono::steady_clock::now() >= limits_.end) {
        return {errc::timed_out, host_ + ": not done after " + to_string(limits_.total)};
    }
    if (fault == asio::error::timed_out) {
        return {errc::timed_out, host_ + ": " + late_in(in)};
    }
    if (fault.category() == asio::error::get_ssl_category()) {
        return {errc::network, host_ + ": TLS: " + fault.message()};
    }
    return {errc::network, host_ + ": " + fault.message()};
}

std::string exchange::late_in(phase which) const {
    switch (which) {
    case phase::sending:
        return "no progress in sending for " + to_string(limits_.idle);
    case phase::header:
        return "no response header after " + to_string(limits_.header);
    case phase::body:
        break;
    }
    return "no progress for " + to_string(limits_.idle);
}

awaitable<result<void>> exchange::perform(std::string head, const client_request& what) {
    result<void> written;
    if (what.upload) {
        written = co_await write_all(std::move(head), *what.upload);
    } else {
        written = co_await write_all(std::move(head), what.body);
    }
    if (!written && (written.error().code != errc::network || source_failed_)) {
        co_return written;
    }
    // A peer that refuses a request may answer and close before it has read it all.
    whole_ = written.has_value();
    const bool without_body = what.method == "HEAD" || what.method == "CONNECT";
    auto answered = co_await read_head(without_body);
    co_return answered || whole_ ? answered : written;
}

awaitable<result<void>> exchange::write_all(std::string head, std::string_view body) {
    if (body.size() <= joined_body) {
        head.append(body);
        body = {};
    }
    auto written = co_await write(head);
    if (written && !body.empty()) {
        written = co_await write(body);
    }
    co_return written;
}

awaitable<result<void>> exchange::write_all(std::string head, upload_source& body) {
    const std::uint64_t size = body.size();
    const std::size_t capacity = head.size() + static_cast<std::size_t>(std::min<std::uint64_t>(size, upload_piece));
    const auto piece = std::make_unique_for_overwrite<char[]>(capacity);
    std::size_t filled = head.copy(piece.get(), head.size());
    for (std::uint64_t sent = 0; sent < size;) {
        const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(size - sent, capacity - filled));
        const auto read = co_await body.read_at(sent, std::span(piece.get() + filled, room));
        if (!read || *read == 0) {
            source_failed_ = true;
            co_return read ? error(errc::io, "what is sent became shorter") : read.error();
        }
        sent += *read;
        auto written = co_await write({piece.get(), filled + *read});
        if (!written) {
            co_return written;
        }
        filled = 0;
    }
    co_return co_await write({piece.get(), filled}); // the head of an empty body
}

awaitable<result<void>> exchange::write(std::string_view data) {
    while (!data.empty()) {
        const auto done =
            co_await over_->write_some(asio::const_buffer(data.data(), data.size()), earlier_of(limits_.idle));
        sent_ = sent_ || done.size != 0;
        if (done.fault) {
            co_return failure(done.fault, phase::sending);
        }
        data.remove_prefix(done.size);
    }
    co_return result<void>();
}

awaitable<result<void>> exchange::read_head(bool without_body) {
    const steady_time deadline = earlier_of(limits_.header);
    for (unsigned interim = 0; interim <= most_interim_responses; ++interim) {
        parser_ = std::make_unique<response_parser>(without_body);
        while (!parser_->head_done()) {
            if (begin_ == end_) {
                auto filled = co_await fill(deadline, phase::header);
                if (!filled) {
                    co_return filled;
                }
            }
            auto step = parser_->feed({buffer_.get() + begin_, end_ - begin_});
            if (!step) {
                co_return within(host_, step.error());
            }
            begin_ += step->used;
            if (step->hungry && begin_ != end_) {
                auto filled = co_await fill(deadline, phase::header);
                if (!filled) {
                    co_return filled;
                }
            }
        }
        if (!parser_->interim()) {
            co_return result<void>();
        }
    }
    co_return error(errc::protocol, host_ + ": broken response: too many interim responses");
}

awaitable<result<void>> exchange::fill(steady_time deadline, phase in) {
    if (later_) {
        co_return ended(later_, in);
    }
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == capacity_) {
        co_return error(errc::protocol, host_ + ": broken response: a line is too long");
    }
    const auto got = co_await over_->read_some(asio::mutable_buffer(buffer_.get() + end_, capacity_ - end_), deadline);
    end_ += got.size;
    heard_ = heard_ || got.size != 0;
    if (got.fault && got.size == 0) {
        co_return ended(got.fault, in);
    }
    later_ = got.fault;
    co_return result<void>();
}

result<void> exchange::ended(const client_connection::code& fault, phase in) {
    if (fault != asio::error::eof && fault != asio::ssl::error::stream_truncated) {
        return failure(fault, in);
    }
    if (!heard_) {
        return error(errc::network, host_ + ": the connection was closed before a response came");
    }
    // Without TLS's own end anybody on the way may have cut the stream.
    if (fault == asio::ssl::error::stream_truncated) {
        return error(errc::protocol, host_ + ": broken response: the TLS stream was cut off");
    }
    if (auto whole = parser_->feed_end(); !whole) {
        return within(host_, whole.error());
    }
    return {};
}

awaitable<result<std::span<const char>>> exchange::read_body() {
    // The pieces of a chunked body are moved together at the front of the buffer, over the framing between them.
    std::size_t decoded = 0;
    while (!parser_->done()) {
        bool hungry = begin_ == end_;
        if (!hungry) {
            const auto step = parser_->feed({buffer_.get() + begin_, end_ - begin_});
            if (!step) {
                co_return within(host_, step.error());
            }
            begin_ += step->used;
            hungry = step->hungry;
            if (!step->body.empty()) {
                std::memmove(buffer_.get() + decoded, step->body.data(), step->body.size());
                decoded += step->body.size();
            }
        }
        if (hungry && decoded != 0) {
            break;
        }
        if (hungry) {
            auto filled = co_await fill(earlier_of(limits_.idle), phase::body);
            if (!filled) {
                co_return filled.error();
            }
        }
    }
    co_return std::span<const char>(buffer_.get(), decoded);
}

bool exchange::skip_rest() {
    while (!parser_->done() && begin_ != end_) {
        const auto step = parser_->feed({buffer_.get() + begin_, end_ - begin_});
        if (!step || step->hungry) {
            return false;
        }
        begin_ += step->used;
    }
    return parser_->done();
}

bool exchange::reusable() const {
    return whole_ && parser_->done() && parser_->reusable() && nothing_follows() && !later_;
}

} // namespace seedhook::http
