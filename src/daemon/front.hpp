// What speaks to upstream for apps and people: the desk, and the gateway with its server where one is configured.
#pragma once

#include "seedhook/async/task_group.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/gateway/front_desk.hpp"
#include "seedhook/gateway/upstream.hpp"
#include "seedhook/http/server.hpp"

#include "daemon/receive_threads.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace seedhook {

// All members on the thread of the executor.
class front {
public:
    // As in front_desk_context.
    struct context {
        store& tasks;
        const clock& time;
        std::function<std::shared_ptr<const routing>()> routes;
        std::function<time_point(const std::string& source, const std::string& model, time_point now, callbacks where)>
            ask_at;
    };

    front(asio::any_io_executor executor, const config::settings& settings, std::shared_ptr<http::admission> door,
          context with);
    ~front();

    front_desk& desk() noexcept { return *desk_; }

    // From now on calls go through `client`, to the sources of `settings`.
    void adopt(const config::settings& settings, std::unique_ptr<http::client> client);

    // Takes apps' requests there, where a gateway is configured.
    void listen(std::vector<bound_listener> gateway);

    // Stops the server, lets answers on their way end within `grace`.
    awaitable<> stop(duration grace);

    // Nothing goes upstream any more, and what the store has not taken is left for the next start to tell of. Once
    // nobody speaks to the desk.
    awaitable<> close();

private:
    class replaceable_client;

    std::shared_ptr<const http::router> routes_for(const config::gateway& settings);

    asio::any_io_executor executor_;
    std::unique_ptr<replaceable_client> client_;
    std::shared_ptr<const upstreams> sources_;
    task_group late_tracking_;
    std::unique_ptr<front_desk> desk_;
    task_group passages_;
    std::unique_ptr<http::server> server_; // none: there is no gateway
};

// The gateway as a listener: the same kinds of address, and the same TLS.
std::vector<config::listener> gateway_listeners(const config::settings& settings);

} // namespace seedhook
