// The threads that take callbacks: each has an io_context, a server and an acceptor of its own.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/http/router.hpp"
#include "seedhook/http/server.hpp"
#include "seedhook/tls/server_identity.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace seedhook {

// A socket that is bound, and whom it says it is.
struct bound_listener {
    http::listening_socket socket;
    std::shared_ptr<tls::server_identity> identity; // none: plaintext
    bool proxy_protocol = false;
};

tls::server_files files_of(const config::listener& l);

// Opens every listener of the configuration; `systemd` stands for all inherited sockets. The first that fails is the
// error.
result<std::vector<bound_listener>> bind_listeners(const std::vector<config::listener>& listeners);

// What one peer may cost a server, as `limits` says.
http::server_limits limits_of(const config::limits& limits);

// How many threads take callbacks: as configured, or one for each core we may use.
std::size_t receive_thread_count(const config::receive& r);

class receive_threads {
public:
    // `door`: shared with whoever else takes connections under the same limits.
    receive_threads(std::size_t threads, const http::server_limits& limits, std::shared_ptr<http::admission> door);
    ~receive_threads(); // after `stop`
    receive_threads(const receive_threads&) = delete;
    receive_threads& operator=(const receive_threads&) = delete;

    // Accepts on every socket with every thread.
    result<void> listen(const std::vector<bound_listener>& listeners);

    void set_router(std::shared_ptr<const http::router> routes);

    std::size_t size() const noexcept { return threads_.size(); }
    // Has thread `index` call `answer`; once it has been stopped, it is called at once.
    void ask(std::size_t index, std::function<void()> answer);

    // Stops every server (see http::server::stop) and ends the threads.
    awaitable<> stop(duration grace);

private:
    struct receive_thread;
    std::vector<std::unique_ptr<receive_thread>> threads_;
};

} // namespace seedhook
