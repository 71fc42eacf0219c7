// The client: what is asked of whom, over a kept or a new connection, hop by hop.
#include "seedhook/http/client.hpp"

#include "http/client_exchange.hpp"
#include "http/client_parts.hpp"
#include "http/client_request.hpp"
#include "http/dialer.hpp"
#include "http/pool.hpp"
#include "http/proxy.hpp"
#include "seedhook/http/url.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace seedhook::http {

namespace {

constexpr std::size_t send_buffer = 64 * 1024;
constexpr std::size_t download_buffer = 256 * 1024;

// A call under way, carried from hop to hop.
struct call {
    client_request what;
    url target;
    byte_sink* into = nullptr;
    steady_time end;
};

using exchange_ptr = std::unique_ptr<exchange>;

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD"; }

bool is_redirect(unsigned status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

awaitable<result<void>> pass_on(exchange& from, const client_response& head, byte_sink& into) {
    auto begun = co_await into.begin(head);
    if (!begun) {
        co_return begun;
    }
    for (;;) {
        const auto piece = co_await from.read_body();
        if (!piece) {
            co_return piece.error();
        }
        if (piece->empty()) {
            co_return result<void>();
        }
        auto taken = co_await into.write(*piece);
        if (!taken) {
            co_return taken;
        }
    }
}

awaitable<result<void>> collect(exchange& from, const call& c, client_response& into) {
    const std::size_t limit = c.what.response_limit;
    const error too_large(errc::too_large,
                          c.target.host + ": the response is over " + std::to_string(limit) + " bytes");
    const std::uint64_t length = from.body_length().value_or(0);
    if (length > limit) {
        co_return too_large;
    }
    into.body.reserve(static_cast<std::size_t>(length));
    for (;;) {
        const auto piece = co_await from.read_body();
        if (!piece) {
            co_return piece.error();
        }
        if (piece->empty()) {
            co_return result<void>();
        }
        if (piece->size() > limit - into.body.size()) {
            co_return too_large;
        }
        into.body.append(piece->data(), piece->size());
    }
}

class pooling_client final : public client {
public:
    pooling_client(asio::any_io_executor executor, client_settings settings, tls::context_ptr tls, resolve_function how)
        : executor_(executor), settings_(std::move(settings)), proxies_(proxy_table::make(settings_.proxy)),
          dialer_(executor, settings_, std::move(tls), std::move(how)),
          pool_(std::move(executor), settings_.pool_size, settings_.pool_idle) {}

    awaitable<result<client_response>> send(client_request what) override { return start(std::move(what), nullptr); }

    awaitable<result<client_response>> download(client_request what, byte_sink& into) override {
        return start(std::move(what), &into);
    }

    void close() override { pool_.close(); }

private:
    awaitable<result<client_response>> start(client_request what, byte_sink* into);
    awaitable<result<client_response>> run(client_request what, byte_sink* into);
    awaitable<result<client_response>> follow(call& c);
    awaitable<result<client_response>> finish(const call& c, exchange& talk);
    awaitable<result<exchange_ptr>> answer(const call& c);
    exchange_ptr exchange_over(client_connection_ptr over, const call& c) const;
    result<void> check(const url& target) const;
    result<std::string> request_text(const call& c) const;
    result<std::optional<url>> next_hop(const call& c, const client_response& head) const;
    void add_default_fields(field_list& fields) const;
    const proxy* proxy_for(const url& target) const;
    std::string key_of(const url& target) const;
    void keep(const exchange& done, const url& target);

    asio::any_io_executor executor_;
    client_settings settings_;
    result<proxy_table> proxies_;
    dialer dialer_;
    connection_pool pool_;
};

// The call runs as a coroutine of its own, so that it decides itself what a cancellation does to it.
awaitable<result<client_response>> pooling_client::start(client_request what, byte_sink* into) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if ((state.cancelled() & asio::cancellation_type::terminal) != asio::cancellation_type::none) {
        co_return error(errc::cancelled, "cancelled");
    }
    auto work = run(std::move(what), into);
    co_return co_await asio::co_spawn(executor_, std::move(work), asio::use_awaitable);
}

awaitable<result<client_response>> pooling_client::run(client_request what, byte_sink* into) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    if (!proxies_) {
        co_return proxies_.error();
    }
    auto target = parse_url(what.url);
    if (!target) {
        co_return target.error();
    }
    call c;
    c.what = std::move(what);
    c.target = std::move(*target);
    c.into = into;
    c.end = std::chrono::steady_clock::now() + settings_.total_timeout;
    add_default_fields(c.what.fields);
    co_return co_await follow(c);
}

awaitable<result<client_response>> pooling_client::follow(call& c) {
    for (unsigned redirects = 0;; ++redirects) {
        auto answered = co_await answer(c);
        if (!answered) {
            co_return answered.error();
        }
        exchange& talk = **answered;
        auto next = next_hop(c, talk.head());
        if (!next) {
            co_return next.error();
        }
        if (!*next) {
            co_return co_await finish(c, talk);
        }
        if (redirects == settings_.max_redirects) {
            co_return error(errc::refused, c.target.host + ": more than " + std::to_string(redirects) + " redirects");
        }
        if (talk.skip_rest()) {
            keep(talk, c.target);
        }
        if ((*next)->origin() != c.target.origin()) {
            remove_field(c.what.fields, "Authorization");
            remove_field(c.what.fields, "Cookie");
        }
        c.target = std::move(**next);
    }
}

awaitable<result<client_response>> pooling_client::finish(const call& c, exchange& talk) {
    client_response out = talk.take_head();
    out.final_url = c.target.text();
    result<void> ended;
    if (c.into != nullptr) {
        ended = co_await pass_on(talk, out, *c.into);
    } else {
        ended = co_await collect(talk, c, out);
    }
    if (!ended) {
        co_return ended.error();
    }
    keep(talk, c.target);
    co_return out;
}

// No connection stands: whoever must not ask twice may ask again.
error unsent(error why) {
    const bool unreached = why.code == errc::network || why.code == errc::timed_out;
    return {unreached ? errc::unavailable : why.code, std::move(why.message)};
}

// A kept connection that the peer has just closed looks like a failure before any answer. Then the request goes out
// once more over a new one, unless the peer might have acted on it and twice is not the same as once.
awaitable<result<exchange_ptr>> pooling_client::answer(const call& c) {
    if (auto allowed = check(c.target); !allowed) {
        co_return allowed.error();
    }
    const auto text = request_text(c);
    if (!text) {
        co_return text.error();
    }
    if (client_connection_ptr kept = pool_.take(key_of(c.target))) {
        auto talk = exchange_over(std::move(kept), c);
        const auto answered = co_await talk->perform(*text, c.what);
        if (answered) {
            co_return talk;
        }
        const bool harmless = talk->unsent() || is_idempotent(c.what.method);
        if (answered.error().code != errc::network || !talk->unanswered() || !harmless) {
            co_return answered.error();
        }
    }
    auto made = co_await dialer_.dial(c.target, proxy_for(c.target), c.end);
    if (!made) {
        co_return unsent(made.error());
    }
    auto talk = exchange_over(std::move(*made), c);
    const auto answered = co_await talk->perform(*text, c.what);
    if (!answered) {
        co_return answered.error();
    }
    co_return talk;
}

exchange_ptr pooling_client::exchange_over(client_connection_ptr over, const call& c) const {
    exchange_limits limits;
    limits.header = settings_.header_timeout;
    limits.idle = settings_.idle_timeout;
    limits.total = settings_.total_timeout;
    limits.end = c.end;
    return std::make_unique<exchange>(std::move(over), c.target.host, limits,
                                      c.into != nullptr ? download_buffer : send_buffer);
}

// What may be asked at all, before a name is resolved or a connection used.
result<void> pooling_client::check(const url& target) const {
    if (!settings_.unix_socket.empty()) {
        if (target.scheme != "http") {
            return error(errc::invalid, target.host + ": there is no TLS on a unix socket");
        }
        return {};
    }
    if (settings_.https_only && target.scheme != "https") {
        return error(errc::refused, target.host + ": only https is allowed");
    }
    const bool listed = std::any_of(settings_.allow_hosts.begin(), settings_.allow_hosts.end(),
                                    [&target](const std::string& one) { return host_matches(one, target.host); });
    if (!settings_.allow_hosts.empty() && !listed) {
        return error(errc::refused, target.host + ": not among the allowed hosts");
    }
    return {};
}

result<std::string> pooling_client::request_text(const call& c) const {
    const proxy* through = c.target.scheme == "http" ? proxy_for(c.target) : nullptr;
    const std::string absolute = through != nullptr ? c.target.text() : std::string();
    const std::string host = c.target.authority();
    request_head head;
    head.method = c.what.method;
    head.target = through != nullptr ? absolute : c.target.target;
    head.fields = &c.what.fields;
    head.host = host;
    head.proxy_authorization = through != nullptr ? std::string_view(through->authorization) : std::string_view();
    head.close = settings_.pool_size == 0;
    head.body_size = c.what.upload ? c.what.upload->size() : c.what.body.size();
    return make_request_text(head);
}

// Where a redirect leads; nothing when the response is the answer.
result<std::optional<url>> pooling_client::next_hop(const call& c, const client_response& head) const {
    const auto location = head.find("Location");
    if (settings_.max_redirects == 0 || !is_redirect(head.status) || !is_safe(c.what.method) || !location) {
        return std::optional<url>();
    }
    auto next = resolve_url(c.target, *location);
    if (!next && next.error().code == errc::refused) {
        return within(c.target.host + ": redirect", next.error());
    }
    if (!next) {
        return error(errc::protocol, c.target.host + ": redirect: " + next.error().message);
    }
    return std::optional<url>(std::move(*next));
}

void pooling_client::add_default_fields(field_list& fields) const {
    if (!has_field(fields, "User-Agent") && !settings_.user_agent.empty()) {
        fields.emplace_back("User-Agent", settings_.user_agent);
    }
    if (!has_field(fields, "Accept")) {
        fields.emplace_back("Accept", "*/*");
    }
    // Nothing here decompresses.
    if (!has_field(fields, "Accept-Encoding")) {
        fields.emplace_back("Accept-Encoding", "identity");
    }
}

const proxy* pooling_client::proxy_for(const url& target) const {
    return settings_.unix_socket.empty() ? proxies_->find(target) : nullptr;
}

std::string pooling_client::key_of(const url& target) const {
    const proxy* through = proxy_for(target);
    return target.origin() + " " + (through != nullptr ? through->where.origin() : std::string());
}

void pooling_client::keep(const exchange& done, const url& target) {
    if (done.reusable()) {
        pool_.give(key_of(target), done.over());
    }
}

} // namespace

std::unique_ptr<client> make_client(asio::any_io_executor executor, client_settings settings, tls::context_ptr tls) {
    return make_client_with_resolver(std::move(executor), std::move(settings), std::move(tls), &system_resolve);
}

std::unique_ptr<client> make_client_with_resolver(asio::any_io_executor executor, client_settings settings,
                                                  tls::context_ptr tls, resolve_function how) {
    return std::make_unique<pooling_client>(std::move(executor), std::move(settings), std::move(tls), std::move(how));
}

} // namespace seedhook::http
