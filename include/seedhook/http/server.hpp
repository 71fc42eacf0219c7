// HTTP/1.1 server: one strict framing gate before every handler (SPEC §2), time-outs, limits, keep-alive and
// pipelining, over TCP, unix sockets and inherited sockets, plain or TLS.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/admission.hpp"
#include "seedhook/http/router.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/tls/server_identity.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace seedhook::http {

struct server_limits {
    std::size_t head = 16 * 1024; // request line and fields together
    duration header_timeout{
        std::chrono::seconds(10)}; // from a request's first byte (or accept) to the end of its head; also the handshake
    duration idle_timeout{std::chrono::seconds(60)}; // between requests, and without progress within a body or response
    duration request_timeout{
        std::chrono::seconds(120)}; // from the end of the head to the end of the body, whatever the progress
    // Bytes a second, on the average since the beginning: of a body after `header_timeout`, of an answer that the peer
    // reads after `idle_timeout`.
    std::size_t least_rate = 1024;
};

// A listening socket that this process owns; closed with the object.
class listening_socket {
public:
    listening_socket(int descriptor, std::string name, std::string unix_path);
    ~listening_socket(); // a unix socket's file that we made is removed too
    listening_socket(listening_socket&&) noexcept;
    listening_socket& operator=(listening_socket&&) noexcept;

    int descriptor() const noexcept { return descriptor_; }
    const std::string& name() const noexcept {
        return name_;
    } // `127.0.0.1:8443` with the real port, `unix:/run/x.sock`
    // A second descriptor for the same socket, for another thread's server.
    result<listening_socket> share() const;

private:
    int descriptor_ = -1;
    std::string name_;
    std::string unix_path_;
};

// `0.0.0.0:8443`, `[::]:8443` (port 0: any free one), `unix:/path` (`mode`: of the socket's file). A stale unix socket
// file that nobody listens on is replaced; one in use is errc::conflict. Close-on-exec.
result<listening_socket> open_listening_socket(const std::string& address, unsigned mode = 0660);

// The sockets that a service manager handed over (sd_listen_fds(3)). An error when there are none.
result<std::vector<listening_socket>> inherited_sockets();

// One server runs on one thread's executor; servers on several threads may share a router (whose handlers are then
// called on each of them) and sockets.
class server {
public:
    virtual ~server() = default;

    // Accepts on `socket`; with TLS when `identity` is set. With `proxy_protocol` only from the admission's proxies,
    // and each connection begins with a header of the PROXY protocol, version 2.
    virtual void listen(listening_socket socket, std::shared_ptr<tls::server_identity> identity,
                        bool proxy_protocol = false) = 0;

    // Uses another router for requests that arrive from now on.
    virtual void set_router(std::shared_ptr<const router> routes) = 0;

    // Stops accepting, closes its sockets and idle connections, lets requests in hand finish within `grace` (their
    // responses say `Connection: close`), then breaks the rest off: handlers are cancelled terminally and awaited.
    // A client that goes away cancels nothing. Await before destroying.
    virtual awaitable<> stop(duration grace) = 0;
};

std::unique_ptr<server> make_server(asio::any_io_executor executor, std::shared_ptr<const router> routes,
                                    server_limits limits, std::shared_ptr<admission> door);

} // namespace seedhook::http
