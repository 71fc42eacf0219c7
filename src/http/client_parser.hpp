// Reads one response out of bytes that arrive piece by piece. No socket in here.
#pragma once

#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace seedhook::http {

// Beast's grammar with our framing rules on top: one head of at most 32 KiB; Transfer-Encoding is `chunked` alone or
// absent, never beside Content-Length and never in HTTP/1.0. Trailers are dropped.
class response_parser : private boost::beast::http::basic_parser<false> {
public:
    explicit response_parser(bool without_body); // the answer to HEAD or CONNECT

    struct step {
        std::size_t used = 0;       // bytes that are done with
        std::span<const char> body; // a piece of the body, within the bytes given
        bool hungry = false;        // more bytes are needed before anything else
    };
    // Takes what it can from the front of `data`, which is not empty. errc::protocol for a broken response.
    result<step> feed(std::span<const char> data);

    // The peer has closed its side properly. errc::protocol when the response is not whole then.
    result<void> feed_end();

    bool head_done() const { return is_header_done(); }
    bool done() const { return is_done(); }
    // Of the body that is still to come, if the head says it.
    std::optional<std::uint64_t> body_length() const;
    bool interim() const { return head_.status / 100 == 1; }
    bool reusable() const { return keep_alive(); }
    const client_response& head() const noexcept { return head_; }
    client_response take_head() noexcept { return std::move(head_); }

private:
    using code = boost::system::error_code;
    using text = boost::beast::string_view;

    result<void> check_framing() const;

    void on_request_impl(boost::beast::http::verb, text, text, int, code&) override {}
    void on_response_impl(int status, text reason, int version, code& ec) override;
    void on_field_impl(boost::beast::http::field, text name, text value, code& ec) override;
    void on_header_impl(code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
    std::size_t on_body_impl(text body, code& ec) override;
    void on_chunk_header_impl(std::uint64_t, text, code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text body, code& ec) override;
    void on_finish_impl(code&) override {}

    client_response head_;
    int version_ = 11;
    std::size_t head_size_ = 0;
    bool head_checked_ = false;
    std::span<const char> piece_;
};

} // namespace seedhook::http
