// Through proxies: tunnels for https, absolute form for http, and the policy on the way.
#include "client_world.hpp"

#include "seedhook/tls/context.hpp"
#include "temp_folder.hpp"
#include "test_certificates.hpp"

namespace seedhook::test {

namespace {

using conversation = scripted_peer::conversation;

http::client_settings through(const scripted_peer& peer, const std::string& credentials = "") {
    auto settings = loopback_settings();
    settings.addresses.allowed.clear(); // the proxy itself is exempt
    settings.proxy.http = "http://" + credentials + "127.0.0.1:" + std::to_string(peer.port());
    settings.proxy.https = settings.proxy.http;
    return settings;
}

// Says `answer` to CONNECT, and when it is a 200 goes on as the server of `body` behind it.
scripted_peer::script tunnel(std::string answer, std::string body) {
    return [answer = std::move(answer), body = std::move(body)](conversation& with) {
        with.read_head();
        with.send(answer);
        if (!answer.starts_with("HTTP/1.1 200") || !with.start_tls()) {
            with.wait_for_close();
            return;
        }
        while (!with.read_head().empty() && with.send(ok(body))) {
        }
    };
}

struct authority {
    temp_folder folder;
    test_pki pki = make_test_pki(folder.path().string(), {"videos.example"});
    tls::context_ptr trusted = tls::make_client_context(pki.ca_file).value();
    scripted_peer::tls_identity identity{pki.cert_file, pki.key_file};

    static result<std::vector<asio::ip::address>> no_resolver(const std::string& host) {
        return error(errc::network, host + " was asked for");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_client_proxy, authority)

BOOST_AUTO_TEST_CASE(https_goes_through_a_tunnel_and_is_verified_end_to_end) {
    scripted_peer proxy({tunnel("HTTP/1.1 200 Connection established\r\n\r\n", "hello")}, identity, true);
    client_world world(through(proxy, "user:pass@"), trusted, &no_resolver);
    for (int i = 0; i < 2; ++i) {
        const auto got = world.send("https://videos.example/a?b");
        BOOST_REQUIRE_MESSAGE(got, got.error().message);
        BOOST_TEST(got->body == "hello");
    }
    BOOST_TEST(proxy.connections() == 1);
    BOOST_TEST(proxy.heads().at(0) == "CONNECT videos.example:443 HTTP/1.1\r\nHost: videos.example:443\r\n"
                                      "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n");
    BOOST_TEST(proxy.heads().at(1).starts_with("GET /a?b HTTP/1.1\r\nHost: videos.example\r\n"));
    BOOST_TEST(proxy.heads().at(1).find("Proxy-Authorization") == std::string::npos);
    failed_with(world.send("https://other.example/"), errc::tls, "other.example: certificate: hostname mismatch");
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_the_tunnel_is_a_network_failure_with_its_status) {
    for (const char* status : {"407", "403", "502", "302"}) {
        scripted_peer proxy({tunnel(std::string("HTTP/1.1 ") + status + " X\r\nContent-Length: 2\r\n\r\nno", "")},
                            identity, true);
        client_world world(through(proxy), trusted, &no_resolver);
        failed_with(world.send("https://videos.example/?token=secret"), errc::unavailable,
                    std::string("answered ") + status);
    }
}

BOOST_AUTO_TEST_CASE(a_proxy_that_says_too_much_or_nothing_is_not_trusted_with_tls) {
    scripted_peer talkative({tunnel("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "")}, identity, true);
    client_world world(through(talkative), trusted, &no_resolver);
    failed_with(world.send("https://videos.example/"), errc::protocol, "proxy 127.0.0.1");
    scripted_peer silent({[](conversation& with) { with.wait_for_close(); }}, identity, true);
    auto settings = through(silent);
    settings.header_timeout = 60ms;
    client_world hasty(settings, trusted, &no_resolver);
    failed_with(hasty.send("https://videos.example/"), errc::unavailable, "proxy 127.0.0.1: no response header");
}

BOOST_AUTO_TEST_CASE(http_goes_through_in_absolute_form) {
    scripted_peer proxy({answering(ok("plain"))});
    client_world world(through(proxy, "user:pass@"), nullptr, &no_resolver);
    BOOST_TEST(world.send("http://videos.example/a?b#c").value().body == "plain");
    BOOST_TEST(proxy.heads().at(0).starts_with("GET http://videos.example/a?b HTTP/1.1\r\nHost: videos.example\r\n"));
    BOOST_TEST(proxy.heads().at(0).find("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(forbidden_addresses_do_not_go_through_a_proxy_either) {
    scripted_peer proxy({answering(ok("inside"))});
    client_world world(through(proxy));
    for (const char* url : {"http://10.0.0.1/", "http://169.254.169.254/", "http://[fd00::1]/", "https://10.0.0.1/",
                            "http://[::ffff:10.0.0.1]/"}) {
        failed_with(world.send(url), errc::refused, "the address is not allowed");
    }
    // These go directly, where the policy meets them.
    for (const char* url : {"http://localhost/", "http://a.localhost/", "http://127.0.0.1/", "http://[::1]/"}) {
        failed_with(world.send(url), errc::refused, "the address is not allowed");
    }
    BOOST_TEST(proxy.connections() == 0);
}

BOOST_AUTO_TEST_CASE(excepted_hosts_are_reached_directly) {
    scripted_peer proxy({answering(ok("proxied"))});
    scripted_peer target({answering(ok("direct"))});
    auto settings = through(proxy);
    settings.addresses.public_only = false;
    settings.proxy.except = {".near.example"};
    client_world world(settings);
    const std::string port = std::to_string(target.port());
    BOOST_TEST(world.send("http://a.near.example:" + port + "/").value().body == "direct");
    BOOST_TEST(world.send("http://a.far.example:" + port + "/").value().body == "proxied");
}

BOOST_AUTO_TEST_CASE(a_bad_proxy_setting_fails_every_call) {
    auto settings = loopback_settings();
    settings.proxy.https = "socks5://user:secret@127.0.0.1:1080";
    client_world world(settings);
    const auto got = world.send("http://127.0.0.1:1/");
    failed_with(got, errc::invalid, "proxy");
    BOOST_TEST(got.error().message.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
