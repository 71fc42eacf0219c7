// Building the desk and the gateway.
#include "daemon/front.hpp"

#include "seedhook/gateway/gateway.hpp"
#include "seedhook/log/log.hpp"

#include <utility>

namespace seedhook {

// One client after the other behind one address; calls under way keep theirs.
class front::replaceable_client final : public http::client {
public:
    void replace(std::shared_ptr<http::client> by) { present_ = std::move(by); }

    awaitable<result<http::client_response>> send(http::client_request what) override {
        const std::shared_ptr<http::client> through = present_;
        if (!through) {
            co_return stopped();
        }
        co_return co_await through->send(std::move(what));
    }
    awaitable<result<http::client_response>> download(http::client_request what, http::byte_sink& into) override {
        const std::shared_ptr<http::client> through = present_;
        if (!through) {
            co_return stopped();
        }
        co_return co_await through->download(std::move(what), into);
    }
    void close() override { present_.reset(); }

private:
    static error stopped() { return {errc::refused, "seedhook is stopping"}; } // nothing was sent

    std::shared_ptr<http::client> present_;
};

front::front(asio::any_io_executor executor, const config::settings& settings, std::shared_ptr<http::admission> door,
             context with)
    : executor_(executor), client_(std::make_unique<replaceable_client>()), sources_(upstreams_of(settings.sources)),
      late_tracking_(executor), passages_(executor) {
    auto sources = [this] { return sources_; };
    front_desk_context desk{with.tasks, *client_, with.time, sources, std::move(with.routes), std::move(with.ask_at)};
    desk.later = &late_tracking_;
    desk_ = make_front_desk(std::move(desk));
    if (settings.gateway) {
        server_ =
            http::make_server(executor_, routes_for(*settings.gateway), limits_of(settings.limits), std::move(door));
    }
}

front::~front() = default;

std::shared_ptr<const http::router> front::routes_for(const config::gateway& settings) {
    auto routes = std::make_shared<http::router>();
    auto sources = [this] { return sources_; };
    add_gateway_endpoints(*routes, {*desk_, *client_, passages_, std::move(sources), settings.token});
    return routes;
}

void front::adopt(const config::settings& settings, std::unique_ptr<http::client> client) {
    client_->replace(std::move(client));
    sources_ = upstreams_of(settings.sources);
    if (server_ && settings.gateway) {
        server_->set_router(routes_for(*settings.gateway)); // with another token, perhaps
    }
}

void front::listen(std::vector<bound_listener> gateway) {
    for (bound_listener& l : gateway) {
        log::info("gateway listening", {{"address", l.socket.name()}, {"tls", l.identity != nullptr}});
        server_->listen(std::move(l.socket), l.identity);
    }
}

awaitable<> front::stop(duration grace) {
    if (server_) {
        co_await server_->stop(grace);
    }
    co_await passages_.drained();
}

awaitable<> front::close() {
    late_tracking_.cancel(asio::cancellation_type::total);
    co_await late_tracking_.drained();
    client_->close();
}

std::vector<config::listener> gateway_listeners(const config::settings& settings) {
    std::vector<config::listener> listeners;
    if (settings.gateway) {
        config::listener& l = listeners.emplace_back();
        l.address = settings.gateway->address;
        l.tls = settings.gateway->tls;
        l.client_ca = settings.gateway->client_ca;
        l.plaintext = settings.gateway->plaintext;
    }
    return listeners;
}

} // namespace seedhook
