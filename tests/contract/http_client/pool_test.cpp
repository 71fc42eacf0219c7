// Connections are kept, used again, and given up when they are no good. Unix sockets.
#include "client_world.hpp"

#include "temp_folder.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <set>

namespace seedhook::test {

namespace {

using conversation = scripted_peer::conversation;

std::set<int> open_sockets() {
    std::set<int> out;
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        struct stat is {};
        if (::fstat(descriptor, &is) == 0 && S_ISSOCK(is.st_mode)) {
            out.insert(descriptor);
        }
    }
    return out;
}

// Answers once, then closes when `closing` says so, without a word in the response.
scripted_peer::script answering_once(std::string body) {
    return [body = std::move(body)](conversation& with) {
        with.read_head();
        with.send(ok(body));
    };
}

// Reads a request after the first and closes without an answer.
scripted_peer::script dropping_the_second(std::string body) {
    return [body = std::move(body)](conversation& with) {
        with.read_head();
        with.send(ok(body));
        with.read_head();
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_pool)

BOOST_AUTO_TEST_CASE(a_connection_is_used_again_for_the_same_origin_only) {
    scripted_peer one({answering(ok("one"))});
    scripted_peer two({answering(ok("two"))});
    client_world world;
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(world.send(one.url("/")).value().body == "one");
        BOOST_TEST(world.send(two.url("/")).value().body == "two");
        BOOST_TEST(world.send("http://localhost:" + std::to_string(one.port()) + "/").value().body == "one");
    }
    BOOST_TEST(one.connections() == 2); // 127.0.0.1 and localhost are not the same
    BOOST_TEST(two.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_the_peer_closed_costs_no_call) {
    scripted_peer peer({answering_once("x")});
    client_world world;
    for (unsigned i = 1; i <= 3; ++i) {
        auto what = get(peer.url("/"));
        what.method = i == 2 ? "POST" : "GET"; // a close that was seen concerns no method
        BOOST_TEST(world.send(what).value().body == "x");
        peer.wait_for_ends(i);
    }
    BOOST_TEST(peer.connections() == 3);
}

BOOST_AUTO_TEST_CASE(a_request_that_finds_the_connection_closing_is_repeated_once) {
    scripted_peer peer({dropping_the_second("first"), answering(ok("second"))});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).value().body == "first");
    BOOST_TEST(world.send(peer.url("/")).value().body == "second");
    BOOST_TEST(peer.heads().size() == 3);
    scripted_peer stubborn({dropping_the_second("first"), [](conversation& with) { with.read_head(); }});
    BOOST_TEST(world.send(stubborn.url("/")).value().body == "first");
    failed_with(world.send(stubborn.url("/")), errc::network);
    BOOST_TEST(stubborn.connections() == 2);
}

BOOST_AUTO_TEST_CASE(a_request_that_may_have_been_acted_on_is_not_repeated) {
    scripted_peer peer({dropping_the_second("first"), answering(ok("second"))});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).value().body == "first");
    auto what = get(peer.url("/"));
    what.method = "POST";
    failed_with(world.send(what), errc::network);
    BOOST_TEST(peer.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_failure_after_the_first_byte_is_not_repeated) {
    scripted_peer peer({[](conversation& with) {
                            with.read_head();
                            with.send(ok("first"));
                            with.read_head();
                            with.send("HTTP/1.1 2");
                        },
                        answering(ok("second"))});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).value().body == "first");
    failed_with(world.send(peer.url("/")), errc::protocol);
    BOOST_TEST(peer.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_silent_kept_connection_times_out_and_is_not_repeated) {
    scripted_peer peer({[](conversation& with) {
                            with.read_head();
                            with.send(ok("first"));
                            with.wait_for_close();
                        },
                        answering(ok("second"))});
    auto settings = loopback_settings();
    settings.header_timeout = 60ms;
    client_world world(settings);
    BOOST_TEST(world.send(peer.url("/")).value().body == "first");
    failed_with(world.send(peer.url("/")), errc::timed_out);
    BOOST_TEST(peer.connections() == 1);
}

BOOST_AUTO_TEST_CASE(bytes_that_nobody_asked_for_are_never_taken_for_an_answer) {
    scripted_peer together({[](conversation& with) {
        with.read_head();
        with.send(ok("first") + ok("poison"));
        with.wait_for_close();
    }});
    scripted_peer later({[](conversation& with) {
        with.read_head();
        with.send(ok("first"));
        with.pause(30ms);
        with.send(ok("poison"));
        with.wait_for_close();
    }});
    client_world world;
    for (const scripted_peer* peer : {&together, &later}) {
        BOOST_TEST(world.send(peer->url("/")).value().body == "first");
        asio::steady_timer timer(world.context(), 80ms);
        bool over = false;
        timer.async_wait([&over](const boost::system::error_code&) { over = true; });
        world.run_until([&over] { return over; });
        BOOST_TEST(world.send(peer->url("/")).value().body == "first");
        BOOST_TEST(peer->connections() == 2);
    }
}

BOOST_AUTO_TEST_CASE(a_response_that_closes_is_not_kept) {
    scripted_peer peer({answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).has_value());
    peer.wait_for_ends(1);
    BOOST_TEST(world.send(peer.url("/")).has_value());
    BOOST_TEST(peer.connections() == 2);
}

BOOST_AUTO_TEST_CASE(idle_connections_expire) {
    scripted_peer peer({answering(ok("x"))});
    auto settings = loopback_settings();
    settings.pool_idle = 50ms;
    client_world world(settings);
    BOOST_TEST(world.send(peer.url("/")).has_value());
    asio::steady_timer timer(world.context(), 120ms);
    bool over = false;
    timer.async_wait([&over](const boost::system::error_code&) { over = true; });
    world.run_until([&over] { return over; });
    peer.wait_for_ends(1); // closed without another call
}

BOOST_AUTO_TEST_CASE(no_more_connections_are_kept_than_allowed) {
    std::vector<std::unique_ptr<scripted_peer>> peers;
    auto settings = loopback_settings();
    settings.pool_size = 2;
    client_world world(settings);
    for (int i = 0; i < 3; ++i) {
        peers.push_back(std::make_unique<scripted_peer>(std::vector<scripted_peer::script>{answering(ok("x"))}));
        BOOST_TEST(world.send(peers.back()->url("/")).has_value());
    }
    peers[0]->wait_for_ends(1); // the oldest
    BOOST_TEST(world.send(peers[1]->url("/")).has_value());
    BOOST_TEST(peers[1]->connections() == 1);
    settings.pool_size = 0;
    client_world none(settings);
    BOOST_TEST(none.send(peers[2]->url("/")).has_value());
    BOOST_TEST(peers[2]->heads().back().find("\r\nConnection: close\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(close_gives_up_what_is_kept) {
    scripted_peer peer({answering(ok("x"))});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).has_value());
    world.client().close();
    peer.wait_for_ends(1);
    BOOST_TEST(world.send(peer.url("/")).has_value());
    BOOST_TEST(peer.connections() == 2);
}

BOOST_AUTO_TEST_CASE(an_idle_client_leaves_the_context_nothing_to_do_once_closed) {
    scripted_peer peer({answering(ok("x"))});
    asio::io_context context(1);
    auto client = http::make_client(context.get_executor(), loopback_settings(), nullptr);
    std::optional<answer> got;
    auto done = [&got](const std::exception_ptr&, answer value) { got.emplace(std::move(value)); };
    asio::co_spawn(context, client->send(get(peer.url("/"))), done);
    while (!got) {
        context.run_one();
    }
    client->close();
    const auto took = time_of([&context] { context.run(); });
    BOOST_TEST(took < 500ms);
}

BOOST_AUTO_TEST_CASE(no_socket_would_be_inherited_by_a_child) {
    const auto before = open_sockets();
    scripted_peer peer({answering(ok("x"))});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).has_value());
    std::size_t seen = 0;
    for (const int one : open_sockets()) {
        if (!before.contains(one)) {
            ++seen;
            BOOST_TEST((::fcntl(one, F_GETFD) & FD_CLOEXEC) != 0);
        }
    }
    BOOST_TEST(seen >= 3); // the listener and both ends
}

BOOST_AUTO_TEST_CASE(a_unix_socket_takes_requests_whatever_their_host) {
    const temp_folder folder;
    const std::string path = (folder.path() / "control.sock").string();
    scripted_peer peer({answering(ok("control"))}, path);
    http::client_settings settings; // https only and public addresses only, which do not apply
    settings.unix_socket = path;
    settings.proxy.http = "http://127.0.0.1:1";
    client_world world(settings);
    BOOST_TEST(world.send("http://seedhook/v1/tasks").value().body == "control");
    BOOST_TEST(world.send("http://10.0.0.1/v1/tasks").value().body == "control");
    BOOST_TEST(peer.heads().at(0).find("Host: seedhook\r\n") != std::string::npos);
    failed_with(world.send("https://seedhook/"), errc::invalid);
    settings.unix_socket = path + "-not-there";
    client_world none(settings);
    failed_with(none.send("http://seedhook/"), errc::unavailable, "control.sock-not-there: No such file");
    settings.unix_socket = std::string(200, 'x');
    client_world too_long(settings);
    failed_with(too_long.send("http://seedhook/"), errc::invalid);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
