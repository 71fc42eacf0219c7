// Idle connections, kept for a while under the name of what they lead to.
#pragma once

#include "http/client_connection.hpp"
#include "seedhook/model/time.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>

namespace seedhook::http {

class connection_pool {
public:
    connection_pool(asio::any_io_executor executor, std::size_t most, duration longest);
    ~connection_pool();

    // The one used last under `key` that is still quiet; null when there is none.
    client_connection_ptr take(const std::string& key);
    // The oldest goes when there are too many.
    void give(std::string key, client_connection_ptr idle);
    void close();

private:
    struct kept {
        std::string key;
        client_connection_ptr idle;
        steady_time until;
    };
    void wait_for_oldest();
    void drop_old();

    std::list<kept> kept_; // the newest first
    std::size_t most_;
    duration longest_;
    // Its handler must not find a pool that is gone.
    std::shared_ptr<asio::steady_timer> timer_;
};

} // namespace seedhook::http
