// Redirects: which are followed, where to, and what does not come along.
#include "client_world.hpp"

namespace seedhook::test {

namespace {

std::string to(std::string_view status, std::string_view location) {
    return "HTTP/1.1 " + std::string(status) + " X\r\nLocation: " + std::string(location) +
           "\r\nContent-Length: 5\r\n\r\nmoved";
}

// Answers the n-th request on a connection with the n-th response, then closes.
scripted_peer::script in_turn(std::vector<std::string> responses) {
    return [responses = std::move(responses)](scripted_peer::conversation& with) {
        for (const std::string& one : responses) {
            if (with.read_head().empty() || !with.send(one)) {
                return;
            }
        }
        with.wait_for_close();
    };
}

http::client_settings following(unsigned most) {
    auto settings = loopback_settings();
    settings.max_redirects = most;
    return settings;
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_redirects)

BOOST_AUTO_TEST_CASE(redirects_are_followed_and_the_last_url_is_told) {
    for (const char* status : {"301", "302", "303", "307", "308"}) {
        scripted_peer peer({in_turn({to(status, "../b?x=y#part"), ok("there")})});
        client_world world(following(1));
        const auto got = world.send(peer.url("/a/c/d")).value();
        BOOST_TEST(got.body == "there");
        BOOST_TEST(got.final_url == peer.url("/a/b?x=y"));
        BOOST_TEST(peer.connections() == 1); // the same connection was used again
    }
}

BOOST_AUTO_TEST_CASE(a_download_gets_the_final_body_alone) {
    scripted_peer peer({in_turn({to("302", "/b"), ok("there")})});
    client_world world(following(3));
    collecting_sink sink;
    BOOST_TEST(world.download(get(peer.url("/")), sink).value().final_url == peer.url("/b"));
    BOOST_TEST(sink.body == "there");
    BOOST_TEST(sink.head.value().status == 200);
}

BOOST_AUTO_TEST_CASE(without_redirects_allowed_a_3xx_is_the_answer) {
    scripted_peer peer({in_turn({to("302", "/b")})});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).value().status == 302);
}

BOOST_AUTO_TEST_CASE(some_3xx_are_always_the_answer) {
    scripted_peer peer({in_turn({to("300", "/b"), "HTTP/1.1 304 X\r\nLocation: /b\r\n\r\n", to("305", "/b"),
                                 "HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n"})});
    client_world world(following(5));
    for (const unsigned status : {300U, 304U, 305U, 302U}) {
        BOOST_TEST(world.send(peer.url("/")).value().status == status);
    }
}

BOOST_AUTO_TEST_CASE(only_get_and_head_follow) {
    scripted_peer peer({in_turn({to("307", "/b")})});
    client_world world(following(5));
    auto what = get(peer.url("/"));
    what.method = "POST";
    BOOST_TEST(world.send(what).value().status == 307);
    BOOST_TEST(peer.heads().size() == 1);
}

BOOST_AUTO_TEST_CASE(too_many_redirects_are_refused) {
    scripted_peer peer({answering(to("302", "/again"))});
    client_world world(following(3));
    failed_with(world.send(peer.url("/")), errc::refused, "more than 3 redirects");
    BOOST_TEST(peer.heads().size() == 4);
}

BOOST_AUTO_TEST_CASE(credentials_stay_with_their_origin) {
    scripted_peer other({answering(ok("other"))});
    scripted_peer peer({in_turn({to("302", "/same"), to("302", other.url("/other"))})});
    client_world world(following(5));
    auto what = get(peer.url("/"));
    what.fields = {{"authorization", "Bearer secret"}, {"Cookie", "a=b"}, {"Range", "bytes=1-"}};
    BOOST_TEST(world.send(what).value().body == "other");
    BOOST_TEST(peer.heads().at(1).find("Bearer secret") != std::string::npos);
    const std::string last = other.heads().at(0);
    BOOST_TEST(last.find("secret") == std::string::npos);
    BOOST_TEST(last.find("Cookie") == std::string::npos);
    BOOST_TEST(last.find("Range: bytes=1-") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(credentials_do_not_come_back_on_the_way_back) {
    scripted_peer* home = nullptr;
    scripted_peer away({[&home](scripted_peer::conversation& with) {
        with.read_head();
        with.send(to("302", home->url("/back")));
    }});
    scripted_peer peer({in_turn({to("302", away.url("/")), ok("back")})});
    home = &peer;
    client_world world(following(5));
    auto what = get(peer.url("/"));
    what.fields = {{"Authorization", "Bearer secret"}};
    BOOST_TEST(world.send(what).value().body == "back");
    BOOST_TEST(peer.heads().at(1).find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_redirect_to_a_private_address_is_refused) {
    scripted_peer peer({in_turn({to("302", "http://169.254.169.254/latest/meta-data/?token=secret")})});
    client_world world(following(5));
    const auto got = world.send(peer.url("/"));
    failed_with(got, errc::refused, "169.254.169.254");
    BOOST_TEST(got.error().message.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_redirect_to_a_name_with_a_private_address_is_refused) {
    scripted_peer peer({in_turn({to("302", "http://inside.example/")})});
    client_world world(following(5), nullptr, [](const std::string& host) {
        return std::vector{asio::ip::make_address(host == "inside.example" ? "10.0.0.1" : "127.0.0.1")};
    });
    failed_with(world.send("http://outside.example:" + std::to_string(peer.port()) + "/"), errc::refused,
                "inside.example: 10.0.0.1: the address is not allowed");
}

BOOST_AUTO_TEST_CASE(hosts_and_schemes_are_checked_on_every_hop) {
    scripted_peer peer({in_turn({to("302", "http://b.example/")}), in_turn({to("302", "ftp://127.0.0.1/")})});
    auto settings = following(5);
    settings.allow_hosts = {"127.0.0.1", "*.a.example"};
    client_world world(settings);
    failed_with(world.send(peer.url("/")), errc::refused, "b.example: not among the allowed hosts");
    failed_with(world.send("http://a.example/"), errc::refused, "a.example: not among the allowed hosts");
    client_world any(following(5));
    failed_with(any.send(peer.url("/")), errc::refused, "scheme");
    settings = loopback_settings();
    settings.https_only = true;
    client_world secure(settings);
    failed_with(secure.send(peer.url("/")), errc::refused, "only https is allowed");
}

BOOST_AUTO_TEST_CASE(a_location_that_is_no_url_is_a_broken_response) {
    for (const char* location : {"/a b", "http://user@127.0.0.1/", "http://127.1/", "http:", "/\xc3\xa9", "/\x01",
                                 "http://2130706433/", "/a\tb"}) {
        scripted_peer peer({in_turn({to("302", location)})});
        client_world world(following(5));
        failed_with(world.send(peer.url("/")), errc::protocol);
        BOOST_TEST(peer.heads().size() == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_slow_redirect_body_is_not_waited_for) {
    scripted_peer peer({[](scripted_peer::conversation& with) {
                            with.read_head();
                            with.send("HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 100\r\n\r\nslow");
                            with.wait_for_close();
                        },
                        answering(ok("there"))});
    client_world world(following(1));
    const auto took = time_of([&] { BOOST_TEST(world.send(peer.url("/")).value().body == "there"); });
    BOOST_TEST(took < 1s);
    BOOST_TEST(peer.connections() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
