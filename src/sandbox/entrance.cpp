// Each opening is a server of its own.
#include "sandbox/entrance.hpp"

#include <utility>

namespace seedhook::sandbox {

entrance::entrance(asio::any_io_executor executor, std::shared_ptr<const http::router> routes,
                   std::shared_ptr<tls::server_identity> identity)
    : executor_(std::move(executor)), routes_(std::move(routes)), identity_(std::move(identity)) {}

void entrance::open(http::listening_socket socket) {
    address_ = socket.name();
    server_ = http::make_server(executor_, routes_, http::server_limits(), http::admission::make());
    server_->listen(std::move(socket), identity_);
}

result<void> entrance::reopen() {
    if (is_open()) {
        return {};
    }
    auto socket = http::open_listening_socket(address_);
    if (!socket) {
        return socket.error();
    }
    open(std::move(*socket));
    return {};
}

awaitable<> entrance::shut(duration grace) {
    const std::unique_ptr<http::server> leaving = std::move(server_);
    if (leaving) {
        co_await leaving->stop(grace);
    }
}

} // namespace seedhook::sandbox
