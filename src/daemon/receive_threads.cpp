// Binding listeners and running the threads behind them.
#include "daemon/receive_threads.hpp"

#include "seedhook/async/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sched.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace seedhook {
namespace {

// hardware_concurrency() counts the machine's cores, not those that this process was given.
std::size_t usable_cores() {
    cpu_set_t given;
    CPU_ZERO(&given);
    const bool known = ::sched_getaffinity(0, sizeof given, &given) == 0;
    return known ? static_cast<std::size_t>(CPU_COUNT(&given)) : std::max(1U, std::thread::hardware_concurrency());
}

} // namespace

std::size_t receive_thread_count(const config::receive& r) { return r.threads > 0 ? r.threads : usable_cores(); }

http::server_limits limits_of(const config::limits& limits) {
    http::server_limits l;
    l.header_timeout = limits.header_timeout;
    l.idle_timeout = limits.idle_timeout;
    return l;
}

tls::server_files files_of(const config::listener& l) {
    tls::server_files files;
    for (const config::tls_files& pair : l.tls) {
        files.pairs.push_back({pair.certificate, pair.key});
    }
    files.client_ca = l.client_ca;
    return files;
}

result<std::vector<bound_listener>> bind_listeners(const std::vector<config::listener>& listeners) {
    std::vector<bound_listener> bound;
    for (const config::listener& l : listeners) {
        std::shared_ptr<tls::server_identity> identity;
        if (!l.tls.empty()) {
            auto loaded = tls::server_identity::load(files_of(l));
            if (!loaded) {
                return within(l.address, loaded.error());
            }
            identity = *loaded;
        }
        if (l.address == "systemd") {
            auto sockets = http::inherited_sockets();
            if (!sockets) {
                return within(l.address, sockets.error());
            }
            for (http::listening_socket& s : *sockets) {
                bound.push_back({std::move(s), identity, l.proxy_protocol});
            }
            continue;
        }
        auto socket = http::open_listening_socket(l.address);
        if (!socket) {
            return within(l.address, socket.error());
        }
        bound.push_back({std::move(*socket), identity, l.proxy_protocol});
    }
    return bound;
}

struct receive_threads::receive_thread {
    receive_thread(const http::server_limits& limits, std::shared_ptr<http::admission> door)
        : work(context.get_executor()),
          server(http::make_server(context.get_executor(), std::make_shared<const http::router>(), limits,
                                   std::move(door))) {}

    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::unique_ptr<http::server> server;
    std::thread thread;
    bool stopped = false;
};

receive_threads::receive_threads(std::size_t threads, const http::server_limits& limits,
                                 std::shared_ptr<http::admission> door) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.push_back(std::make_unique<receive_thread>(limits, door));
    }
}

// After `stop` nothing is left to do. Else the start has failed half way, and a server may be listening already.
receive_threads::~receive_threads() {
    for (const auto& t : threads_) {
        if (t->stopped) {
            continue;
        }
        asio::co_spawn(t->context, t->server->stop(duration(0)), asio::detached);
        t->work.reset();
        if (t->thread.joinable()) {
            t->thread.join();
        } else {
            t->context.run();
        }
    }
}

result<void> receive_threads::listen(const std::vector<bound_listener>& listeners) {
    // Everything that can fail comes before the first server accepts.
    std::vector<http::listening_socket> sockets;
    for (std::size_t i = 0; i < threads_.size() * listeners.size(); ++i) {
        auto shared = listeners[i % listeners.size()].socket.share();
        if (!shared) {
            return shared.error();
        }
        sockets.push_back(std::move(*shared));
    }
    auto next = sockets.begin();
    for (const auto& t : threads_) {
        for (const bound_listener& l : listeners) {
            t->server->listen(std::move(*next++), l.identity, l.proxy_protocol);
        }
    }
    for (const auto& t : threads_) {
        t->thread = std::thread([context = &t->context] { context->run(); });
    }
    return {};
}

void receive_threads::set_router(std::shared_ptr<const http::router> routes) {
    for (const auto& t : threads_) {
        auto set = [server = t->server.get(), routes] { server->set_router(routes); };
        asio::post(t->context, std::move(set));
    }
}

void receive_threads::ask(std::size_t index, std::function<void()> answer) {
    receive_thread& t = *threads_.at(index);
    if (t.stopped) {
        answer();
    } else {
        asio::post(t.context, std::move(answer));
    }
}

awaitable<> receive_threads::stop(duration grace) {
    task_group stopping(co_await asio::this_coro::executor);
    for (const auto& t : threads_) {
        // Runs on the server's own thread; the group hears of its end here.
        stopping.spawn(asio::co_spawn(t->context, t->server->stop(grace), asio::use_awaitable), "stop receiving");
    }
    co_await stopping.drained();
    for (const auto& t : threads_) {
        t->work.reset();
        t->thread.join();
        t->stopped = true;
    }
}

} // namespace seedhook
