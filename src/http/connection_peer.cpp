// Whom a connection is with when a proxy stands between: the PROXY protocol's header, and X-Forwarded-For.
#include "http/connection.hpp"

#include "seedhook/log/seldom.hpp"

#include "http/forwarded.hpp"
#include "http/proxy_header.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace seedhook::http {

// False when the connection is to end.
awaitable<bool> connection::hear_proxy(clock::time_point deadline) {
    std::string bytes;
    proxy_header heard = read_proxy_header(bytes);
    while (heard.what == proxy_header::kind::more) {
        const bool more = co_await read_exactly(bytes, heard.size, deadline);
        if (host_.stopping || dropped_) {
            co_return false;
        }
        if (!more) {
            heard.what = proxy_header::kind::wrong;
            heard.why = "no whole PROXY header";
        } else {
            heard = read_proxy_header(bytes);
        }
    }
    if (heard.what == proxy_header::kind::wrong) {
        host_.door->refuse("proxy");
        log::write_seldom(log::level::info, "connection refused", 1, {{"reason", heard.why}, {"peer", peer_.name}});
        co_return false;
    }
    co_return heard.what == proxy_header::kind::proxy || belongs_to(identify(heard.client, host_.door->proxies()));
}

// From the socket itself: what follows the header may be TLS, and is not ours to read yet.
awaitable<bool> connection::read_exactly(std::string& into, std::size_t size, clock::time_point deadline) {
    while (into.size() < size) {
        const std::size_t have = into.size();
        into.resize(size);
        const ssize_t got = ::recv(socket_.native_handle(), into.data() + have, size - have, 0);
        into.resize(have + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            co_return false;
        }
        if (got < 0) {
            const waited outcome = co_await wait(io_state::wants_read, deadline);
            if (outcome != waited::ready) {
                co_return false;
            }
        }
    }
    co_return true;
}

bool connection::belongs_to(peer_identity peer) {
    peer_ = std::move(peer);
    request_.peer = peer_.name;
    request_.client = peer_.client;
    const bool welcome = place_.belongs_to(peer_.client);
    if (!welcome) {
        host_.door->refuse("address");
    }
    return welcome;
}

void connection::look_behind_proxy() {
    const trusted_proxies& proxies = host_.door->proxies();
    const auto client = forwarded_client(request_.fields, proxies);
    if (!client) {
        request_.peer = peer_.name;
        request_.client = peer_.client;
        return;
    }
    told_ = client->to_string();
    request_.peer = told_;
    request_.client = proxies.holds(*client) ? client_id() : client_at(*client);
}

} // namespace seedhook::http
