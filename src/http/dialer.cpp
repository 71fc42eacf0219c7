// How a connection comes about.
#include "http/dialer.hpp"

#include "http/client_request.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <cstddef>
#include <sys/un.h>
#include <utility>

namespace seedhook::http {

namespace {

constexpr std::size_t most_addresses = 8;
constexpr std::size_t tunnel_buffer = 64 * 1024;
const address_policy any_address{false, {}};

// The end of a phase that may take `limit`, within the end of the whole.
steady_time end_of(duration limit, steady_time end) { return std::min(std::chrono::steady_clock::now() + limit, end); }

bool is_over(steady_time end) { return std::chrono::steady_clock::now() >= end; }

} // namespace

std::vector<asio::ip::address> interleaved(const std::vector<asio::ip::address>& in) {
    std::vector<asio::ip::address> first;
    std::vector<asio::ip::address> second;
    for (const auto& one : in) {
        (one.is_v6() == in.front().is_v6() ? first : second).push_back(one);
    }
    std::vector<asio::ip::address> out;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) {
            out.push_back(first[i]);
        }
        if (i < second.size()) {
            out.push_back(second[i]);
        }
    }
    return out;
}

dialer::dialer(asio::any_io_executor executor, const client_settings& settings, tls::context_ptr tls,
               resolve_function how)
    : executor_(executor), settings_(settings), tls_(std::move(tls)), resolver_(std::move(executor), std::move(how)) {}

awaitable<result<client_connection_ptr>> dialer::dial(const url& target, const proxy* through, steady_time end) {
    if (!settings_.unix_socket.empty()) {
        co_return co_await dial_unix(end);
    }
    if (through != nullptr && target.address && !settings_.addresses.permits(*target.address)) {
        co_return error(errc::refused, target.host + ": the address is not allowed");
    }
    // The operator named the proxy, so that it may be anywhere.
    const url& place = through != nullptr ? through->where : target;
    const address_policy& policy = through != nullptr ? any_address : settings_.addresses;
    auto made = co_await connect_to(place, policy, end);
    if (!made || target.scheme != "https") {
        co_return made;
    }
    if (through != nullptr) {
        auto opened = co_await tunnel(*made, target, *through, end);
        if (!opened) {
            co_return opened.error();
        }
    }
    auto secured = co_await secure(*made, target, end);
    if (!secured) {
        co_return secured.error();
    }
    co_return made;
}

awaitable<result<client_connection_ptr>> dialer::dial_unix(steady_time end) {
    const std::string& path = settings_.unix_socket;
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        co_return error(errc::invalid, path + ": the path is too long for a unix socket");
    }
    auto made = std::make_shared<client_connection>(executor_);
    const asio::local::stream_protocol::endpoint to(path);
    const auto fault = co_await made->connect(to, end_of(settings_.connect_timeout, end));
    if (fault == asio::error::operation_aborted) {
        co_return error(errc::cancelled, path + ": cancelled");
    }
    if (fault == asio::error::timed_out) {
        co_return error(errc::timed_out, path + ": no connection after " + to_string(settings_.connect_timeout));
    }
    if (fault) {
        co_return error(errc::network, path + ": " + fault.message());
    }
    co_return made;
}

awaitable<result<std::vector<asio::ip::address>>> dialer::addresses_of(const url& place, steady_time end) {
    if (place.address) {
        co_return std::vector<asio::ip::address>(1, *place.address);
    }
    auto found = co_await resolver_.resolve(place.host, end_of(settings_.resolve_timeout, end));
    if (!found && found.error().code == errc::timed_out) {
        const bool all = is_over(end);
        co_return error(errc::timed_out, place.host + (all ? ": not done after " + to_string(settings_.total_timeout)
                                                           : ": the name is not resolved after " +
                                                                 to_string(settings_.resolve_timeout)));
    }
    if (!found) {
        co_return within(place.host, found.error());
    }
    if (found->empty()) {
        co_return error(errc::network, place.host + ": the name has no address");
    }
    auto ordered = interleaved(*found);
    if (ordered.size() > most_addresses) {
        ordered.resize(most_addresses);
    }
    co_return ordered;
}

// Each address is judged just before it is connected to, and the name is not resolved again: what was judged is what is
// connected to, whatever the name's owner answers meanwhile.
awaitable<result<client_connection_ptr>> dialer::connect_to(const url& place, const address_policy& policy,
                                                            steady_time end) {
    auto found = co_await addresses_of(place, end);
    if (!found) {
        co_return found.error();
    }
    auto made = std::make_shared<client_connection>(executor_);
    error refusal(errc::refused, place.host);
    error last = refusal;
    for (const asio::ip::address& address : *found) {
        const std::string name = place.address ? place.host : place.host + ": " + address.to_string();
        if (!policy.permits(address)) {
            refusal.message = name + ": the address is not allowed";
            continue;
        }
        const asio::ip::tcp::endpoint to(address, place.port);
        const auto fault = co_await made->connect(to, end_of(settings_.connect_timeout, end));
        if (!fault) {
            co_return made;
        }
        if (fault == asio::error::operation_aborted) {
            co_return error(errc::cancelled, place.host + ": cancelled");
        }
        if (is_over(end)) {
            co_return error(errc::timed_out, place.host + ": not done after " + to_string(settings_.total_timeout));
        }
        last = fault == asio::error::timed_out
                   ? error(errc::timed_out, name + ": no connection after " + to_string(settings_.connect_timeout))
                   : error(errc::network, name + ": " + fault.message());
    }
    co_return last.code == errc::refused ? refusal : last;
}

awaitable<result<void>> dialer::tunnel(client_connection_ptr over, const url& target, const proxy& through,
                                       steady_time end) {
    const std::string host = target.address && target.address->is_v6() ? "[" + target.host + "]" : target.host;
    const std::string place = host + ":" + std::to_string(target.port);
    client_request what;
    what.method = "CONNECT";
    if (!settings_.user_agent.empty()) {
        what.fields.emplace_back("User-Agent", settings_.user_agent);
    }
    request_head head;
    head.method = what.method;
    head.target = place;
    head.host = place;
    head.fields = &what.fields;
    head.proxy_authorization = through.authorization;
    auto text = make_request_text(head);
    if (!text) {
        co_return text.error();
    }
    exchange_limits limits;
    limits.header = settings_.header_timeout;
    limits.idle = settings_.idle_timeout;
    limits.total = settings_.total_timeout;
    limits.end = end;
    const std::string name = "proxy " + through.where.host;
    exchange talk(over, name, limits, tunnel_buffer);
    auto answered = co_await talk.perform(std::move(*text), what);
    if (!answered) {
        co_return answered;
    }
    if (talk.head().status / 100 != 2) {
        co_return error(errc::network, name + ": answered " + std::to_string(talk.head().status) + " to CONNECT");
    }
    if (!talk.nothing_follows()) {
        co_return error(errc::protocol, name + ": sent more than its answer to CONNECT");
    }
    co_return result<void>();
}

awaitable<result<void>> dialer::secure(client_connection_ptr over, const url& target, steady_time end) {
    auto secured = co_await over->start_tls(tls_, target.host, target.address, end_of(settings_.tls_timeout, end));
    if (!secured && secured.error().code == errc::timed_out) {
        co_return error(errc::timed_out,
                        target.host + (is_over(end) ? ": not done after " + to_string(settings_.total_timeout)
                                                    : ": no TLS handshake after " + to_string(settings_.tls_timeout)));
    }
    if (!secured) {
        co_return within(target.host, secured.error());
    }
    co_return result<void>();
}

} // namespace seedhook::http
