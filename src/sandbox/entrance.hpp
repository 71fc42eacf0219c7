// A server that can shut its door, so that callers see connections refused, and open it again at the same address.
#pragma once

#include "seedhook/http/server.hpp"

#include <memory>
#include <string>

namespace seedhook::sandbox {

// One thread. Await stop() before destroying it.
class entrance {
public:
    entrance(asio::any_io_executor executor, std::shared_ptr<const http::router> routes,
             std::shared_ptr<tls::server_identity> identity);

    void open(http::listening_socket socket);
    // At the address that it had. Does nothing when open.
    result<void> reopen();
    bool is_open() const noexcept { return server_ != nullptr; }
    // Refuses connections from now on; requests in hand have `grace` to finish. Not to be awaited by one of them.
    awaitable<> shut(duration grace);

private:
    asio::any_io_executor executor_;
    std::shared_ptr<const http::router> routes_;
    std::shared_ptr<tls::server_identity> identity_;
    std::string address_;
    std::unique_ptr<http::server> server_;
};

} // namespace seedhook::sandbox
