// One request and its response over one connection, with the time-outs of each phase.
#pragma once

#include "http/client_connection.hpp"
#include "http/client_parser.hpp"
#include "seedhook/http/client.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace seedhook::http {

struct exchange_limits {
    duration header{};
    duration idle{};
    duration total{};
    steady_time end; // of the whole call
};

class exchange {
public:
    // `host` goes into messages. `buffer_size` is how much is read at a time, and more than the longest head.
    exchange(client_connection_ptr over, std::string host, exchange_limits limits, std::size_t buffer_size);

    // Sends head and body, `what.upload` or else `what.body`, and reads the response's head. An answer that comes
    // although not all could be sent counts.
    awaitable<result<void>> perform(std::string head, const client_request& what);

    const client_response& head() const noexcept { return parser_->head(); }
    client_response take_head() noexcept { return parser_->take_head(); }

    // Of the body that is still to come, if the head says it.
    std::optional<std::uint64_t> body_length() const { return parser_->body_length(); }
    // The next bytes of the body, valid until the next call; none at its end.
    awaitable<result<std::span<const char>>> read_body();

    // Drops what has already come of the body; true when that was all.
    bool skip_rest();

    // Failed before the first byte of a response came: a kept connection that the peer had closed, perhaps.
    bool unanswered() const noexcept { return !heard_; }
    bool unsent() const noexcept { return !sent_; }

    // The response was read to its end, the peer keeps the connection, and nothing follows on it.
    bool reusable() const;
    bool nothing_follows() const noexcept { return begin_ == end_; }
    const client_connection_ptr& over() const noexcept { return over_; }

private:
    enum class phase { sending, header, body };

    awaitable<result<void>> write(std::string_view data);
    // Head and body, in one write if the body is small.
    awaitable<result<void>> write_all(std::string head, std::string_view body);
    awaitable<result<void>> write_all(std::string head, upload_source& body);
    awaitable<result<void>> read_head(bool without_body);
    awaitable<result<void>> fill(steady_time deadline, phase in);
    // What a read that failed means: the response's end, or an error.
    result<void> ended(const client_connection::code& fault, phase in);
    error failure(const client_connection::code& fault, phase in) const;
    std::string late_in(phase which) const;
    steady_time earlier_of(duration limit) const;

    client_connection_ptr over_;
    std::string host_;
    exchange_limits limits_;
    std::unique_ptr<response_parser> parser_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_;
    std::size_t begin_ = 0; // what has come and is not yet parsed lies in [begin_, end_)
    std::size_t end_ = 0;
    client_connection::code later_; // a fault that came after bytes that are still to be used
    bool sent_ = false;
    bool heard_ = false;
    bool whole_ = true;          // the request went out whole
    bool source_failed_ = false; // its body could not be read
};

} // namespace seedhook::http
