// Blocking look-ups that a coroutine can stop waiting for.
#include "http/client_resolver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace seedhook::http {

namespace ip = asio::ip;

namespace {

constexpr std::size_t threads = 4;

std::optional<ip::address> address_of(const addrinfo& from) {
    if (from.ai_family == AF_INET && from.ai_addrlen == sizeof(sockaddr_in)) {
        sockaddr_in raw{};
        std::memcpy(&raw, from.ai_addr, sizeof raw);
        return ip::address_v4(ntohl(raw.sin_addr.s_addr));
    }
    if (from.ai_family == AF_INET6 && from.ai_addrlen == sizeof(sockaddr_in6)) {
        sockaddr_in6 raw{};
        std::memcpy(&raw, from.ai_addr, sizeof raw);
        ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), &raw.sin6_addr, bytes.size());
        return ip::address_v6(bytes, raw.sin6_scope_id);
    }
    return std::nullopt;
}

} // namespace

result<std::vector<ip::address>> system_resolve(const std::string& host) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int fault = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list); fault != 0) {
        return error(errc::network, std::string("the name cannot be resolved: ") + ::gai_strerror(fault));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    std::vector<ip::address> out;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        const auto address = address_of(*one);
        if (address && std::find(out.begin(), out.end(), *address) == out.end()) {
            out.push_back(*address);
        }
    }
    return out;
}

struct resolver::lookup {
    explicit lookup(const asio::any_io_executor& executor) : waiting(executor) {}
    asio::steady_timer waiting;
    std::optional<result<std::vector<ip::address>>> answer;
};

resolver::resolver(asio::any_io_executor executor, resolve_function how)
    : executor_(std::move(executor)), how_(std::move(how)) {}

resolver::~resolver() = default;

result<void> resolver::start_threads() {
    try {
        if (!threads_) {
            threads_.emplace(threads);
        }
        return {};
    } catch (const std::system_error& failure) {
        return error(errc::unavailable, std::string("no threads to resolve names: ") + failure.what());
    }
}

awaitable<result<std::vector<ip::address>>> resolver::resolve(std::string host, steady_time deadline) {
    const asio::cancellation_state before = co_await asio::this_coro::cancellation_state;
    if (before.cancelled() != asio::cancellation_type::none) {
        co_return error(errc::cancelled, "cancelled");
    }
    if (auto started = start_threads(); !started) {
        co_return started.error();
    }
    const auto pending = std::make_shared<lookup>(executor_);
    pending->waiting.expires_at(deadline);
    auto work = [pending, host, how = how_, home = executor_]() mutable {
        auto answer = how(host);
        // What the look-up holds may only go on its own thread.
        auto deliver = [pending = std::move(pending), answer = std::move(answer)]() mutable {
            pending->answer = std::move(answer);
            pending->waiting.cancel();
        };
        asio::post(home, std::move(deliver));
    };
    asio::post(threads_->executor(), std::move(work));
    co_await pending->waiting.async_wait(asio::as_tuple(asio::use_awaitable));
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        co_return error(errc::cancelled, "cancelled");
    }
    if (!pending->answer) {
        co_return error(errc::timed_out, "timed out");
    }
    co_return std::move(*pending->answer);
}

} // namespace seedhook::http
