// Responses on Beast's basic_parser, fed by hand: the body's pieces are looked at where they lie, not copied.
#include "http/client_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <string>

namespace seedhook::http {

namespace beast_http = boost::beast::http;

namespace {

constexpr std::uint32_t longest_head = 32 * 1024;

error broken(const std::string& why) { return {errc::protocol, "broken response: " + why}; }

} // namespace

response_parser::response_parser(bool without_body) {
    header_limit(longest_head);
    body_limit(boost::none);
    skip(without_body);
}

result<response_parser::step> response_parser::feed(std::span<const char> data) {
    step out;
    piece_ = {};
    code fault;
    out.used = put(boost::asio::const_buffer(data.data(), data.size()), fault);
    out.body = piece_;
    if (fault == beast_http::error::need_more) {
        out.hungry = true;
    } else if (fault) {
        return broken(fault.message());
    }
    if (!head_checked_) {
        // Beast bounds each field, not all of them together.
        head_size_ += out.used;
        if (head_size_ > longest_head) {
            return broken("its head is over " + std::to_string(longest_head / 1024) + " KiB");
        }
        if (head_done()) {
            head_checked_ = true;
            if (auto framing = check_framing(); !framing) {
                return framing.error();
            }
        }
    }
    return out;
}

result<void> response_parser::feed_end() {
    if (!got_some()) {
        return broken("the connection was closed before it");
    }
    code fault;
    put_eof(fault);
    if (fault) {
        return broken(head_done() ? "the connection was closed before the end of its body"
                                  : "the connection was closed within its head");
    }
    return {};
}

std::optional<std::uint64_t> response_parser::body_length() const {
    if (done()) {
        return 0; // HEAD, 204 and 304 tell the length of what they do not send
    }
    const auto rest = content_length_remaining();
    return rest ? std::optional<std::uint64_t>(*rest) : std::nullopt;
}

// Beast takes other transfer codings for no coding, and reads until close what is something else.
result<void> response_parser::check_framing() const {
    std::size_t codings = 0;
    std::size_t lengths = 0;
    for (const auto& [name, value] : head_.fields) {
        if (same_name(name, "Transfer-Encoding")) {
            ++codings;
            if (!same_name(value, "chunked")) {
                return broken("a transfer coding other than chunked");
            }
        }
        lengths += same_name(name, "Content-Length") ? 1 : 0;
    }
    if (codings > 1 || (codings != 0 && lengths != 0) || (codings != 0 && version_ < 11)) {
        return broken("its framing is ambiguous");
    }
    if (head_.status < 100 || head_.status == 101) {
        return broken("status " + std::to_string(head_.status));
    }
    return {};
}

void response_parser::on_response_impl(int status, text, int version, code&) {
    head_.status = static_cast<unsigned>(status);
    version_ = version;
}

void response_parser::on_field_impl(beast_http::field, text name, text value, code&) {
    if (!head_checked_) {
        head_.fields.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
}

std::size_t response_parser::on_body_impl(text body, code&) {
    piece_ = {body.data(), body.size()};
    return body.size();
}

std::size_t response_parser::on_chunk_body_impl(std::uint64_t, text body, code&) {
    piece_ = {body.data(), body.size()};
    return body.size();
}

} // namespace seedhook::http
