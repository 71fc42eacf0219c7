// What the client's contract tests share: an io_context, a client with short time-outs, and a sink that collects.
#pragma once

#include "http/client_parts.hpp"
#include "scripted_peer.hpp"
#include "seedhook/http/client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::test {

using namespace std::chrono_literals;

inline http::cidr block(std::string_view text) { return http::cidr::parse(text).value(); }

inline http::client_settings loopback_settings() {
    http::client_settings out;
    out.addresses.allowed = {block("127.0.0.0/8"), block("::1")};
    out.https_only = false;
    out.resolve_timeout = 2s;
    out.connect_timeout = 2s;
    out.tls_timeout = 2s;
    out.header_timeout = 2s;
    out.idle_timeout = 2s;
    out.total_timeout = 5s;
    return out;
}

inline http::client_request get(std::string url) {
    http::client_request out;
    out.url = std::move(url);
    return out;
}

// Collects a body, and can be told to fail.
struct collecting_sink : http::byte_sink {
    std::string body;
    std::optional<http::client_response> head;
    std::size_t writes = 0;
    std::optional<error> fail_begin;
    std::optional<error> fail_write;
    std::function<void()> on_write;

    awaitable<result<void>> begin(const http::client_response& of) override {
        head = of;
        co_return fail_begin ? result<void>(*fail_begin) : result<void>();
    }
    awaitable<result<void>> write(std::span<const char> data) override {
        ++writes;
        body.append(data.data(), data.size());
        if (on_write) {
            on_write();
        }
        co_return fail_write ? result<void>(*fail_write) : result<void>();
    }
};

using answer = result<http::client_response>;

class client_world {
public:
    explicit client_world(http::client_settings settings = loopback_settings(), tls::context_ptr tls = nullptr,
                          http::resolve_function names = &to_loopback)
        : client_(http::make_client_with_resolver(context_.get_executor(), std::move(settings), std::move(tls),
                                                  std::move(names))) {}
    ~client_world() { client_->close(); }

    answer send(http::client_request what) { return finish(client_->send(std::move(what))); }
    answer send(std::string url) { return send(get(std::move(url))); }
    answer download(http::client_request what, http::byte_sink& into) {
        return finish(client_->download(std::move(what), into));
    }

    // Runs until the call has ended, which can be cancelled meanwhile.
    answer finish(awaitable<answer> call) {
        std::optional<answer> out;
        asio::co_spawn(context_, std::move(call), asio::bind_cancellation_slot(cancel_.slot(), into(out)));
        run_until([&out] { return out.has_value(); });
        return std::move(*out);
    }
    // Begins a call beside others.
    void start(awaitable<answer> call, std::optional<answer>& out) {
        asio::co_spawn(context_, std::move(call), into(out));
    }
    void run_until(const std::function<bool()>& done) {
        while (!done()) {
            context_.run_one();
        }
    }
    // Cancels the call under way after `delay`.
    void cancel_after(std::chrono::milliseconds delay,
                      asio::cancellation_type how = asio::cancellation_type::terminal) {
        timer_.expires_after(delay);
        timer_.async_wait([this, how](const boost::system::error_code&) { cancel_.emit(how); });
    }
    void cancel_now() { cancel_.emit(asio::cancellation_type::terminal); }

    http::client& client() { return *client_; }
    asio::io_context& context() { return context_; }

private:
    static std::function<void(std::exception_ptr, answer)> into(std::optional<answer>& out) {
        return [&out](const std::exception_ptr& failed, answer value) {
            BOOST_REQUIRE(!failed); // nothing is ever thrown
            out.emplace(std::move(value));
        };
    }
    static result<std::vector<asio::ip::address>> to_loopback(const std::string&) {
        return std::vector{asio::ip::make_address("127.0.0.1")};
    }

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    asio::cancellation_signal cancel_;
    asio::steady_timer timer_{context_};
    std::unique_ptr<http::client> client_;
};

// How long `work` takes.
template <class Work>
std::chrono::milliseconds time_of(Work work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

// A script that answers every request on the connection with `response`.
inline scripted_peer::script answering(std::string response) {
    return [response = std::move(response)](scripted_peer::conversation& with) {
        while (!with.read_head().empty() && with.send(response)) {
        }
    };
}

inline std::string ok(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline void failed_with(const answer& got, errc code, std::string_view part = {}) {
    if (got) {
        BOOST_FAIL("status " << got->status << " instead of a failure");
    }
    BOOST_TEST(std::string(to_string(got.error().code)) == std::string(to_string(code)), got.error().message);
    BOOST_TEST(got.error().message.find(part) != std::string::npos, got.error().message);
}

} // namespace seedhook::test
