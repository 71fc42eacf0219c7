// HTTP/1.1 client: pooled connections, TLS with SNI and host-name verification, a time-out for each phase, redirects,
// an address policy at every connect, proxies. One instance a policy. No Beast type in sight.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/address_policy.hpp"
#include "seedhook/http/message.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/tls/context.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::http {

// Where outgoing connections go through, by the scheme of the URL: https through a CONNECT tunnel, http in absolute
// form. `from_environment`: HTTPS_PROXY, HTTP_PROXY, NO_PROXY in either case (HTTP_PROXY in upper case is not read: a
// CGI peer could set it); an entry of NO_PROXY that makes no sense is logged and left out.
// localhost and loopback addresses are always reached directly. An excepted `example.com` also stands for every name
// below it, `.example.com` only for those.
// The proxy may have any address, as an operator named it. What the target's name resolves to is then the proxy's
// business and cannot be judged here: only targets that are addresses themselves go through the policy.
struct proxy_settings {
    std::string https; // `http://user:pass@host:port`; empty: none
    std::string http;
    std::vector<std::string> except; // host, `.suffix`, `*`, address or CIDR; each with an optional `:port`
    static proxy_settings from_environment();
};

struct client_settings {
    address_policy addresses;
    std::vector<std::string> allow_hosts; // empty: any; `*.example.com` matches below example.com; every hop
    bool https_only = true;               // on every hop
    unsigned max_redirects = 0;           // 0: a 3xx is the answer
    duration resolve_timeout{std::chrono::seconds(10)};
    duration connect_timeout{std::chrono::seconds(10)}; // for each address
    duration tls_timeout{std::chrono::seconds(10)};
    duration header_timeout{std::chrono::seconds(30)}; // from the request's last byte to the response's head
    duration idle_timeout{std::chrono::seconds(30)};   // without progress while sending or receiving a body
    duration total_timeout{std::chrono::minutes(60)};  // the whole exchange, redirects included
    std::size_t pool_size = 16;                        // idle connections kept
    duration pool_idle{std::chrono::seconds(30)};
    proxy_settings proxy;
    // Connect here instead, whatever the URL's host: no TLS, no proxy, and the limits on schemes, hosts and addresses
    // do not apply. The URL's scheme is `http`.
    std::string unix_socket;
    std::string user_agent;
};

// A request's body that is produced while it is sent, from any offset on: it may have to be sent again.
class upload_source {
public:
    virtual ~upload_source() = default;
    virtual std::uint64_t size() const noexcept = 0; // the same at all times
    // Fills the front of `into` with what stands at `offset` and says how much: at least one byte, as `offset` is below
    // `size()`. An error ends the exchange with that error, and the connection.
    virtual awaitable<result<std::size_t>> read_at(std::uint64_t offset, std::span<char> into) = 0;
};

// Host, Content-Length, Connection and the other fields that frame a message are the client's: errc::invalid when they
// are among `fields`. User-Agent, Accept (`*/*`) and Accept-Encoding (`identity`; nothing is ever decompressed) are
// added unless they are there.
struct client_request {
    std::string method = "GET";
    std::string url; // see parse_url; a fragment is dropped
    field_list fields;
    std::string body;
    std::shared_ptr<upload_source> upload;    // instead of `body`
    std::size_t response_limit = 1024 * 1024; // `send` fails with errc::too_large past it
};

// The response's head; `final_url` after redirects.
struct client_response {
    unsigned status = 0;
    field_list fields;
    std::string body; // empty after `download`
    std::string final_url;

    std::optional<std::string_view> find(std::string_view name) const noexcept; // the first of that name
};

// Where a downloaded body goes.
class byte_sink {
public:
    virtual ~byte_sink() = default;
    // The final response's head, before any body: an error ends the transfer with that error.
    virtual awaitable<result<void>> begin(const client_response& head) = 0;
    // The next bytes, in order; not kept after the call.
    virtual awaitable<result<void>> write(std::span<const char> data) = 0;
};

// Errors: refused (scheme, host or address not allowed, too many redirects), invalid (not a URL, control characters),
// unavailable (no connection), tls (the handshake): nothing was sent, unless a redirect led there; network, timed_out,
// protocol (a broken answer, one too short), too_large; cancelled. Messages name the host, never a query string.
//
// Terminal cancellation ends a call at once with errc::cancelled, which is returned, never thrown. Total cancellation
// does not touch a call under way: a request cannot be taken back, and time-outs bound the rest.
// GET and HEAD follow redirects, without Authorization and Cookie once the origin has changed; for other methods a 3xx
// is the answer. A kept connection that turns out to be closed costs no call: the request goes out again over a new
// one if it cannot have been acted on or is GET, HEAD, PUT or DELETE.
class client {
public:
    // Waits for look-ups of names under way, which the system cannot break off.
    virtual ~client() = default;

    // The whole exchange. Any status is a success.
    virtual awaitable<result<client_response>> send(client_request what) = 0;

    // As `send`, but the body of the final response goes to `into`.
    virtual awaitable<result<client_response>> download(client_request what, byte_sink& into) = 0;

    // Closes pooled connections, whose time-outs otherwise keep an io_context running. Calls under way must have ended.
    virtual void close() = 0;
};

// All calls on the thread of `executor`.
std::unique_ptr<client> make_client(asio::any_io_executor executor, client_settings settings, tls::context_ptr tls);

} // namespace seedhook::http
