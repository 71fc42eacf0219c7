// HTTP messages as the other rooms see them: no Beast type in sight.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/peer.hpp"
#include "seedhook/model/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::http {

// Field names compare without regard to case (RFC 9110, 5.1).
bool same_name(std::string_view a, std::string_view b) noexcept;

struct field_view {
    std::string_view name;
    std::string_view value;
};

// A request as it came in. Every view points into the connection's buffers and lives until the response is sent.
struct request {
    std::string_view method;
    std::string_view target; // origin form, as sent
    std::string_view path;   // the target up to `?`, still percent-encoded
    std::string_view query;  // after `?`; empty if none
    std::vector<field_view> fields;
    std::string_view body;
    std::string_view peer;                  // `203.0.113.9:51234`, `unix`, or the address that a trusted proxy told
    std::vector<std::string_view> captures; // what `{…}` in the endpoint's path stood for, still percent-encoded
    client_id client;                       // whom limits on one client hold for

    // The value of the only field of that name; nothing when it is absent or there are several.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    std::size_t count(std::string_view name) const noexcept;
};

using field_list = std::vector<std::pair<std::string, std::string>>;

// A body that is produced while it is sent.
class body_source {
public:
    virtual ~body_source() = default;
    // Fills the front of `into` and says how much; 0 is the end. An error breaks the connection off, so that the peer
    // sees the body is not whole.
    virtual awaitable<result<std::size_t>> read(std::span<char> into) = 0;
};

struct response {
    response() = default;
    explicit response(unsigned code) : status(code) {}
    response(unsigned code, std::string type, std::string text)
        : status(code), content_type(std::move(type)), body(std::move(text)) {}

    unsigned status = 200;
    std::string content_type; // no Content-Type when empty
    // Others; no CR, LF or NUL in them, or 500 is sent instead. What frames the message is the server's and left out:
    // Connection, Content-Length, Date, Keep-Alive, Transfer-Encoding.
    field_list fields;
    std::string body;
    std::unique_ptr<body_source> stream; // instead of `body`
    // Absent: chunked (or until close for HTTP/1.0). A stream of another length breaks the connection before it looks
    // whole.
    std::optional<std::uint64_t> stream_length;
    bool close = false; // close the connection afterwards
};

// The `{"success":false,"error":{"code":…,"message":…}}` of every error we answer.
response error_response(unsigned status, std::string_view code, std::string_view message);

// `{"…"}` with Content-Type application/json.
response json_response(unsigned status, std::string text);

// Percent-decodes a path segment or a query value (`+` stays). Nothing for a broken escape.
std::optional<std::string> percent_decode(std::string_view text);

// The decoded value of `key` in a query string (`a=1&b=2`); nothing when absent or broken.
std::optional<std::string> query_value(std::string_view query, std::string_view key);

} // namespace seedhook::http
