// The server: accepts within the limits, keeps its connections in sight, and brings them to an end.
#include "seedhook/http/server.hpp"

#include "seedhook/async/task_group.hpp"
#include "seedhook/log/log.hpp"

#include "http/connection.hpp"
#include "http/listening_address.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>

#include <cerrno>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace seedhook::http {
namespace {

constexpr std::chrono::milliseconds pause_when_full(100);
constexpr std::chrono::seconds between_complaints(10);
constexpr int accepted_at_once = 64;

// A place among the connections that are allowed.
class connection_slot {
public:
    static std::optional<connection_slot> take(const std::shared_ptr<connection_count>& count, std::size_t limit) {
        if (count->fetch_add(1) >= limit) {
            count->fetch_sub(1);
            return std::nullopt;
        }
        return connection_slot(count);
    }
    ~connection_slot() {
        if (count_) {
            count_->fetch_sub(1);
        }
    }
    connection_slot(connection_slot&&) noexcept = default;
    connection_slot& operator=(connection_slot&&) = delete;

private:
    explicit connection_slot(std::shared_ptr<connection_count> count) : count_(std::move(count)) {}
    std::shared_ptr<connection_count> count_;
};

struct listener {
    listener(const asio::any_io_executor& executor, listening_socket taken,
             std::shared_ptr<tls::server_identity> with_identity)
        : socket(std::move(taken)), identity(std::move(with_identity)), readiness(executor, socket.descriptor()),
          pause(executor) {}
    ~listener() { readiness.release(); } // `socket` closes it

    listening_socket socket;
    std::shared_ptr<tls::server_identity> identity;
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

class socket_server final : public server {
public:
    socket_server(asio::any_io_executor executor, std::shared_ptr<const router> routes, server_limits limits,
                  std::shared_ptr<connection_count> connections)
        : executor_(std::move(executor)), count_(std::move(connections)), tasks_(executor_) {
        host_.limits = limits;
        set_router(std::move(routes));
    }

    void listen(listening_socket socket, std::shared_ptr<tls::server_identity> identity) override {
        // Accepted sockets inherit it, which spares a call for each; a unix socket refuses it, and that is all right.
        const int on = 1;
        ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        listeners_.emplace_back(executor_, std::move(socket), std::move(identity));
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
        for (connection& each : alive_) {
            each.stop();
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
            std::optional<connection_slot> slot = connection_slot::take(count_, host_.limits.connections);
            if (!slot) {
                complain("at the limit of connections; others wait", from, {});
                return false;
            }
            sockaddr_storage peer{};
            socklen_t size = sizeof peer;
            const int descriptor = ::accept4(from.socket.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size,
                                             SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor >= 0) {
                start(from, descriptor, peer, std::move(*slot));
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                return true; // another thread's server may have been faster
            } else if (!about_the_peer(errno)) {
                const int reason = errno;
                complain(out_of_resources(reason) ? "no resources to accept a connection; others wait"
                                                  : "accepting fails",
                         from, std::generic_category().message(reason));
                return false;
            }
        }
        return true;
    }

    void start(const listener& from, int descriptor, const sockaddr_storage& peer, connection_slot slot) {
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
        if (!stream) {
            complain("no memory for a TLS connection; it is dropped", from, {});
            return;
        }
        auto made = std::make_shared<connection>(host_, std::move(socket), std::move(stream), to_string(peer));
        alive_.push_back(*made);
        tasks_.spawn(serve(std::move(made), std::move(slot)), "http connection");
    }

    awaitable<> serve(std::shared_ptr<connection> served, connection_slot slot) {
        co_await served->run();
        served.reset();
        { const connection_slot freed = std::move(slot); }
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
    std::shared_ptr<connection_count> count_;
    connection_host host_;
    std::list<listener> listeners_;
    boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>> alive_;
    std::optional<std::chrono::steady_clock::time_point> complained_;
    task_group tasks_;
};

} // namespace

std::unique_ptr<server> make_server(asio::any_io_executor executor, std::shared_ptr<const router> routes,
                                    server_limits limits, std::shared_ptr<connection_count> connections) {
    return std::make_unique<socket_server>(std::move(executor), std::move(routes), limits, std::move(connections));
}

} // namespace seedhook::http
