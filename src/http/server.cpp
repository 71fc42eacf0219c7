// The server: accepts within the limits, keeps its connections in sight, and brings them to an end.
#include "seedhook/http/server.hpp"

#include "seedhook/async/task_group.hpp"
#include "seedhook/log/log.hpp"

#include "http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace seedhook::http {
namespace {

constexpr std::chrono::milliseconds pause_when_full(100);
constexpr std::chrono::seconds between_complaints(10);
constexpr int accepted_at_once = 64;

struct listener {
    listener(const asio::any_io_executor& executor, listening_socket taken,
             std::shared_ptr<tls::server_identity> with_identity, bool is_proxied)
        : socket(std::move(taken)), identity(std::move(with_identity)), proxied(is_proxied),
          readiness(executor, socket.descriptor()), pause(executor) {}
    ~listener() { readiness.release(); } // `socket` closes it

    listening_socket socket;
    std::shared_ptr<tls::server_identity> identity;
    bool proxied; // connections begin with a PROXY header
    asio::posix::stream_descriptor readiness;
    asio::steady_timer pause;
};

bool out_of_resources(int value) noexcept {
    return value == EMFILE || value == ENFILE || value == ENOBUFS || value == ENOMEM;
}

// The connection that was to be accepted failed before we came to it; the next one is another matter (accept(2)).
bool about_the_peer(int value) noexcept {
    switch (value) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

bool somebody_waits(int listening) noexcept {
    pollfd look{listening, POLLIN, 0};
    return ::poll(&look, 1, 0) == 1;
}

class socket_server final : public server {
public:
    socket_server(asio::any_io_executor executor, std::shared_ptr<const router> routes, server_limits limits,
                  std::shared_ptr<admission> door)
        : executor_(std::move(executor)), tasks_(executor_) {
        host_.limits = limits;
        host_.door = std::move(door);
        set_router(std::move(routes));
    }

    void listen(listening_socket socket, std::shared_ptr<tls::server_identity> identity, bool proxy_protocol) override {
        // Accepted sockets inherit it, which spares a call for each; a unix socket refuses it, and that is all right.
        const int on = 1;
        ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        listeners_.emplace_back(executor_, std::move(socket), std::move(identity), proxy_protocol);
        tasks_.spawn(accept_from(std::prev(listeners_.end())), "http accept");
    }

    void set_router(std::shared_ptr<const router> routes) override {
        // A control block of this server's own: each request takes a reference, and servers on other threads would
        // contend for a shared counter.
        auto own = std::make_shared<std::shared_ptr<const router>>(std::move(routes));
        const router* table = own->get();
        host_.routes = std::shared_ptr<const router>(std::move(own), table);
    }

    awaitable<> stop(duration grace) override {
        host_.stopping = true;
        for (listener& each : listeners_) {
            each.readiness.cancel();
            each.pause.cancel();
        }
        for (connection_list& list : host_.alive) {
            for (connection& each : list) {
                each.stop();
            }
        }
        const auto over = std::make_shared<bool>(false);
        asio::steady_timer limit(executor_, grace);
        limit.async_wait([this, over](const boost::system::error_code& failure) {
            if (!failure && !*over) {
                break_off();
            }
        });
        co_await tasks_.drained();
        *over = true;
    }

private:
    void break_off() {
        host_.broken_off = true;
        tasks_.cancel(asio::cancellation_type::terminal);
    }

    awaitable<> accept_from(std::list<listener>::iterator from) {
        while (!host_.stopping) {
            boost::system::error_code failure;
            co_await from->readiness.async_wait(asio::posix::descriptor_base::wait_read,
                                                asio::redirect_error(asio::use_awaitable, failure));
            if (failure && !host_.stopping) {
                log::error("a listening socket failed",
                           {{"address", from->socket.name()}, {"reason", std::string_view(failure.message())}});
                break;
            }
            if (!host_.stopping && !accept_waiting(*from)) {
                from->pause.expires_after(pause_when_full);
                co_await from->pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
            }
        }
        listeners_.erase(from);
    }

    // Accepts what waits; false when that must pause.
    bool accept_waiting(listener& from) {
        for (int accepted = 0; accepted < accepted_at_once; ++accepted) {
            std::optional<admission::place> place = host_.door->admit();
            if (!place && !somebody_waits(from.socket.descriptor())) {
                return true;
            }
            if (!place) {
                make_room(from);
                return false;
            }
            sockaddr_storage peer{};
            socklen_t size = sizeof peer;
            const int descriptor = ::accept4(from.socket.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size,
                                             SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor >= 0) {
                start(from, descriptor, peer, std::move(*place));
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                return true; // another thread's server may have been faster
            } else if (!about_the_peer(errno)) {
                const int reason = errno;
                host_.door->refuse("resources");
                complain(out_of_resources(reason) ? "no resources to accept a connection; others wait"
                                                  : "accepting fails",
                         from, std::generic_category().message(reason));
                return false;
            }
        }
        return true;
    }

    // For whoever waits to be accepted; once the connection has ended the pause does.
    void make_room(const listener& from) {
        const auto now = connection::clock::now();
        const auto longest = [&](standing what) -> std::optional<duration> {
            const connection_list& those = host_.those(what);
            return those.empty() ? std::nullopt
                                 : std::optional(std::chrono::duration_cast<duration>(now - those.front().since()));
        };
        const auto chosen =
            whom_to_drop({longest(standing::idle), longest(standing::arriving), longest(standing::stalled)});
        complain(chosen ? "at the limit of connections; the slowest are closed"
                        : "at the limit of connections; others wait",
                 from, {});
        if (chosen) {
            host_.door->refuse("overload");
            host_.those(*chosen).front().drop();
        }
    }

    void start(const listener& from, int descriptor, const sockaddr_storage& peer, admission::place place) {
        peer_identity who = identify(peer, host_.door->proxies());
        const bool expected = !from.proxied || who.trusted;
        if (!expected || (!from.proxied && !place.belongs_to(who.client))) {
            host_.door->refuse(expected ? "address" : "proxy");
            ::close(descriptor);
            complain(expected ? "a client has too many connections; further ones are closed"
                              : "a connection of somebody who is no trusted proxy is closed",
                     from, who.name);
            return;
        }
        asio::posix::stream_descriptor socket(executor_);
        boost::system::error_code failure;
        socket.assign(descriptor, failure);
        if (failure) {
            ::close(descriptor);
            complain("no resources to accept a connection; it is dropped", from, failure.message());
            return;
        }
        std::unique_ptr<connection_stream> stream =
            from.identity ? make_tls_stream(descriptor, from.identity) : make_plain_stream(descriptor);
        auto made = std::make_shared<connection>(host_, std::move(socket), std::move(stream), std::move(who),
                                                 std::move(place), from.proxied);
        tasks_.spawn(serve(std::move(made)), "http connection");
    }

    awaitable<> serve(std::shared_ptr<connection> served) {
        co_await served->run();
        served.reset();
        for (listener& each : listeners_) {
            each.pause.cancel();
        }
    }

    void complain(std::string_view what, const listener& about, const std::string& reason) {
        const auto now = std::chrono::steady_clock::now();
        if (complained_ && now - *complained_ < between_complaints) {
            return;
        }
        complained_ = now;
        log::warning(what, {{"address", about.socket.name()}, {"reason", std::string_view(reason)}});
    }

    asio::any_io_executor executor_;
    connection_host host_;
    std::list<listener> listeners_;
    std::optional<std::chrono::steady_clock::time_point> complained_;
    task_group tasks_;
};

} // namespace

std::unique_ptr<server> make_server(asio::any_io_executor executor, std::shared_ptr<const router> routes,
                                    server_limits limits, std::shared_ptr<admission> door) {
    return std::make_unique<socket_server>(std::move(executor), std::move(routes), limits, std::move(door));
}

} // namespace seedhook::http
