// Every phase has its time-out and its message, and a cancelled call ends at once.
#include "client_world.hpp"

#include "seedhook/async/time_limit.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

namespace seedhook::test {

namespace {

using conversation = scripted_peer::conversation;

scripted_peer::script drip(std::string head, std::chrono::milliseconds every) {
    return [head = std::move(head), every](conversation& with) {
        with.read_head();
        with.send(head);
        while (with.pause(every) && with.send("x")) {
        }
    };
}

// A listener whose queue is full: connecting to it takes for ever.
class deaf_listener {
public:
    deaf_listener() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        BOOST_REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
        BOOST_REQUIRE(::listen(listener_, 0) == 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        for (int& one : fillers_) {
            one = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            ::connect(one, reinterpret_cast<const sockaddr*>(&address), size);
        }
    }
    ~deaf_listener() {
        ::close(listener_);
        for (const int one : fillers_) {
            ::close(one);
        }
    }
    std::uint16_t port = 0;

private:
    int listener_ = -1;
    int fillers_[4] = {};
};

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_timeouts)

BOOST_AUTO_TEST_CASE(a_name_that_is_not_resolved_in_time) {
    auto settings = loopback_settings();
    settings.resolve_timeout = 50ms;
    std::mutex held;
    std::unique_lock hold(held);
    {
        client_world world(settings, nullptr, [&held](const std::string&) {
            const std::lock_guard wait(held);
            return std::vector<asio::ip::address>();
        });
        failed_with(world.send("http://slow.example/"), errc::unavailable,
                    "slow.example: the name is not resolved after 50ms");
        hold.unlock();
    }
}

BOOST_AUTO_TEST_CASE(one_slow_name_does_not_hold_up_another) {
    scripted_peer peer({answering(ok("quick"))});
    std::mutex held;
    std::unique_lock hold(held);
    client_world world(loopback_settings(), nullptr, [&held](const std::string& host) {
        if (host == "slow.example") {
            const std::lock_guard wait(held);
        }
        return std::vector{asio::ip::make_address("127.0.0.1")};
    });
    std::optional<answer> slow;
    world.start(world.client().send(get("http://slow.example:" + std::to_string(peer.port()) + "/")), slow);
    BOOST_TEST(world.send("http://quick.example:" + std::to_string(peer.port()) + "/").value().body == "quick");
    BOOST_TEST(!slow.has_value());
    hold.unlock();
    world.run_until([&slow] { return slow.has_value(); });
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_not_made_in_time) {
    const deaf_listener deaf;
    auto settings = loopback_settings();
    settings.connect_timeout = 60ms;
    client_world world(settings);
    failed_with(world.send("http://a.example:" + std::to_string(deaf.port) + "/"), errc::unavailable,
                "a.example: 127.0.0.1: no connection after 60ms");
}

BOOST_AUTO_TEST_CASE(a_header_that_never_comes) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.wait_for_close();
    }});
    auto settings = loopback_settings();
    settings.header_timeout = 60ms;
    client_world world(settings);
    const auto took = time_of([&] {
        failed_with(world.send(peer.url("/?token=secret")), errc::timed_out,
                    "127.0.0.1: no response header after 60ms");
    });
    BOOST_TEST(took >= 60ms);
    BOOST_TEST(took < 1s);
    peer.wait_for_ends(1);
}

BOOST_AUTO_TEST_CASE(a_header_that_comes_drop_by_drop_or_behind_interim_responses) {
    auto settings = loopback_settings();
    settings.header_timeout = 100ms;
    client_world world(settings);
    scripted_peer dripping({drip("HTTP/1.1 200 OK\r\nX-A: ", 10ms)});
    failed_with(world.send(dripping.url("/")), errc::timed_out, "no response header after 100ms");
    scripted_peer promising({[](conversation& with) {
        with.read_head();
        while (with.send("HTTP/1.1 102 Processing\r\n\r\n") && with.pause(40ms)) {
        }
    }});
    failed_with(world.send(promising.url("/")), errc::timed_out, "no response header after 100ms");
}

BOOST_AUTO_TEST_CASE(a_body_that_stops) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        with.wait_for_close();
    }});
    auto settings = loopback_settings();
    settings.idle_timeout = 60ms;
    client_world world(settings);
    failed_with(world.send(peer.url("/")), errc::timed_out, "127.0.0.1: no progress for 60ms");
}

BOOST_AUTO_TEST_CASE(a_drip_fed_body_ends_at_the_total) {
    scripted_peer peer({drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", 10ms)});
    auto settings = loopback_settings();
    settings.idle_timeout = 100ms;
    settings.total_timeout = 250ms;
    client_world world(settings);
    collecting_sink sink;
    const auto took = time_of([&] {
        failed_with(world.download(get(peer.url("/")), sink), errc::timed_out, "127.0.0.1: not done after 250ms");
    });
    BOOST_TEST(took >= 250ms);
    BOOST_TEST(took < 1s);
    BOOST_TEST(sink.body.size() > 3);
}

BOOST_AUTO_TEST_CASE(a_flood_that_never_ends_ends_at_the_total) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\n\r\n");
        while (with.send(std::string(100000, 'x'))) {
        }
    }});
    struct dropping_sink : http::byte_sink {
        awaitable<result<void>> begin(const http::client_response&) override { co_return result<void>(); }
        awaitable<result<void>> write(std::span<const char>) override {
            std::this_thread::sleep_for(1ms); // so that there is always something to read at once
            co_return result<void>();
        }
    };
    auto settings = loopback_settings();
    settings.total_timeout = 150ms;
    client_world world(settings);
    dropping_sink sink;
    failed_with(world.download(get(peer.url("/")), sink), errc::timed_out, "not done after 150ms");
}

BOOST_AUTO_TEST_CASE(a_request_that_nobody_reads) {
    scripted_peer peer({[](conversation& with) { with.pause(5s); }});
    auto settings = loopback_settings();
    settings.idle_timeout = 60ms;
    client_world world(settings);
    auto what = get(peer.url("/"));
    what.method = "PUT";
    what.body = std::string(50000000, 'x');
    failed_with(world.send(what), errc::timed_out, "no progress in sending for 60ms");
}

BOOST_AUTO_TEST_CASE(the_total_covers_all_redirects) {
    scripted_peer peer({[](conversation& with) {
        while (!with.read_head().empty() && with.pause(50ms)) {
            with.send("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
        }
    }});
    auto settings = loopback_settings();
    settings.max_redirects = 100;
    settings.total_timeout = 200ms;
    client_world world(settings);
    failed_with(world.send(peer.url("/")), errc::timed_out, "not done after 200ms");
    BOOST_TEST(peer.heads().size() > 2);
}

BOOST_AUTO_TEST_CASE(time_that_the_sink_takes_is_not_the_peers) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        with.pause(20ms);
        with.send("wo");
        with.pause(200ms);
        with.send("rld");
    }});
    auto settings = loopback_settings();
    settings.idle_timeout = 150ms;
    client_world world(settings);
    struct slow_sink : collecting_sink {
        awaitable<result<void>> write(std::span<const char> data) override {
            body.append(data.data(), data.size());
            co_await sleep_for(180ms);
            co_return result<void>();
        }
    } slow;
    BOOST_TEST(world.download(get(peer.url("/")), slow).has_value());
    BOOST_TEST(slow.body == "helloworld");
}

BOOST_AUTO_TEST_CASE(cancellation_ends_a_call_in_any_phase) {
    scripted_peer silent({[](conversation& with) { with.wait_for_close(); }});
    scripted_peer half({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        with.wait_for_close();
    }});
    const deaf_listener deaf;
    for (const std::string& url :
         {silent.url("/"), half.url("/"), "http://127.0.0.1:" + std::to_string(deaf.port) + "/"}) {
        client_world world;
        world.cancel_after(30ms);
        const auto took = time_of([&] { failed_with(world.send(url), errc::cancelled); });
        BOOST_TEST(took < 1s);
    }
    std::mutex held;
    std::unique_lock hold(held);
    client_world world(loopback_settings(), nullptr, [&held](const std::string&) {
        const std::lock_guard wait(held);
        return std::vector<asio::ip::address>();
    });
    world.cancel_after(30ms);
    failed_with(world.send("http://slow.example/"), errc::cancelled);
    hold.unlock();
}

BOOST_AUTO_TEST_CASE(cancellation_while_the_sink_works_is_heard_afterwards) {
    scripted_peer peer({drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", 5ms)});
    client_world world;
    collecting_sink sink;
    sink.on_write = [&world] { world.cancel_now(); };
    failed_with(world.download(get(peer.url("/")), sink), errc::cancelled);
    BOOST_TEST(sink.writes == 1);
}

BOOST_AUTO_TEST_CASE(total_cancellation_does_not_touch_a_call_under_way) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.pause(80ms);
        with.send(ok("hello"));
    }});
    client_world world;
    world.cancel_after(20ms, asio::cancellation_type::total);
    BOOST_TEST(world.send(peer.url("/")).value().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_time_limit_around_a_call_ends_it) {
    scripted_peer peer({[](conversation& with) { with.wait_for_close(); }});
    client_world world;
    failed_with(world.finish(with_time_limit(world.client().send(get(peer.url("/"))), 50ms, "the whole")),
                errc::timed_out, "the whole");
    peer.wait_for_ends(1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
