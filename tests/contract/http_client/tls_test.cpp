// TLS: who is trusted, what names are taken, and what a cut stream means.
#include "client_world.hpp"

#include "seedhook/tls/context.hpp"
#include "temp_folder.hpp"
#include "test_certificates.hpp"

#include <ctime>
#include <filesystem>

namespace seedhook::test {

namespace {

using conversation = scripted_peer::conversation;

// An authority that the client trusts, and certificates from it.
struct authority {
    temp_folder folder;

    test_pki certificate(std::vector<std::string> names, int days = 30, const std::string& in = "pki") const {
        const auto where = folder.path() / in;
        std::filesystem::create_directories(where);
        return make_test_pki(where.string(), names, test_key::ecdsa, days);
    }
};

scripted_peer::tls_identity identity(const test_pki& from) { return {from.cert_file, from.key_file}; }

tls::context_ptr trusting(const test_pki& pki) { return tls::make_client_context(pki.ca_file).value(); }

http::client_settings secure() {
    auto settings = loopback_settings();
    settings.https_only = true;
    return settings;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_client_tls, authority)

BOOST_AUTO_TEST_CASE(a_trusted_peer_with_the_right_name_is_spoken_to) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({answering(ok("hello"))}, identity(pki));
    client_world world(secure(), trusting(pki));
    BOOST_TEST(world.send(peer.url("/")).value().body == "hello");
    BOOST_TEST(world.send(peer.url("/")).value().body == "hello");
    BOOST_TEST(peer.connections() == 1);
    BOOST_TEST(peer.heads().at(0).find("Host: localhost:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_large_body_comes_through_whole_and_in_large_pieces) {
    const auto pki = certificate({"localhost"});
    std::string body(5000000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) {
        body[i] = static_cast<char>(i * 7 + i / 251);
    }
    scripted_peer peer({answering(ok(body))}, identity(pki));
    client_world world(secure(), trusting(pki));
    collecting_sink sink;
    BOOST_REQUIRE(world.download(get(peer.url("/")), sink));
    BOOST_TEST((sink.body == body));
}

BOOST_AUTO_TEST_CASE(a_large_request_goes_out_whole) {
    const auto pki = certificate({"localhost"});
    std::string received;
    scripted_peer peer({[&received](conversation& with) {
                           with.read_head();
                           received = with.read_exactly(1000000);
                           with.send(ok(""));
                       }},
                       identity(pki));
    client_world world(secure(), trusting(pki));
    auto what = get(peer.url("/"));
    what.method = "PUT";
    for (int i = 0; i < 1000000; ++i) {
        what.body += static_cast<char>(i * 7 + i / 251);
    }
    BOOST_TEST(world.send(what).has_value());
    BOOST_TEST((received == what.body));
}

// OpenSSL then reads before it writes, and who only waits to write would wait for ever or not at all.
BOOST_AUTO_TEST_CASE(a_ticket_that_comes_in_parts_holds_up_the_next_request_without_work) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({[](conversation& with) {
                           with.read_head();
                           const auto records = with.sealed_with_ticket(ok("one"));
                           BOOST_TEST_REQUIRE(records.size() >= 4U);
                           with.send_raw(records[0] + records[1]);
                           with.pause(1s);
                           for (std::size_t i = 2; i < records.size(); ++i) {
                               with.send_raw(records[i]);
                           }
                           with.read_head();
                           with.send(ok("two"));
                       }},
                       identity(pki));
    client_world world(secure(), trusting(pki));
    BOOST_TEST(world.send(peer.url("/")).value().body == "one");
    const std::clock_t before = std::clock();
    BOOST_TEST(world.send(peer.url("/")).value().body == "two");
    const double worked = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    BOOST_TEST(worked < 0.2); // of the second that it waits
    BOOST_TEST(peer.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_name_is_refused) {
    for (const auto& names :
         {std::vector<std::string>{"other.example"}, {"localhost.example"}, {"local*"}, {"127.0.0.1"}, {"*"}}) {
        const auto pki = certificate(names);
        scripted_peer peer({answering(ok(""))}, identity(pki));
        client_world world(secure(), trusting(pki));
        failed_with(world.send(peer.url("/")), errc::tls, "localhost: certificate: hostname mismatch");
        BOOST_TEST(peer.heads().empty());
    }
}

BOOST_AUTO_TEST_CASE(wildcards_stand_for_one_label) {
    const auto pki = certificate({"*.a.example"});
    scripted_peer peer({answering(ok("x"))}, identity(pki));
    client_world world(secure(), trusting(pki));
    const std::string port = std::to_string(peer.port());
    BOOST_TEST(world.send("https://b.a.example:" + port + "/").has_value());
    failed_with(world.send("https://c.b.a.example:" + port + "/"), errc::tls, "mismatch");
    failed_with(world.send("https://a.example:" + port + "/"), errc::tls, "mismatch");
}

BOOST_AUTO_TEST_CASE(addresses_are_checked_against_the_certificates_addresses) {
    const auto pki = certificate({"127.0.0.1"});
    scripted_peer peer({answering(ok("x"))}, identity(pki));
    client_world world(secure(), trusting(pki));
    const std::string port = std::to_string(peer.port());
    BOOST_TEST(world.send("https://127.0.0.1:" + port + "/").has_value());
    failed_with(world.send("https://127.0.0.2:" + port + "/"), errc::unavailable); // nobody listens there
    const auto other = certificate({"127.0.0.2", "localhost"}, 30, "other");
    scripted_peer wrong({answering(ok("x"))}, identity(other));
    client_world strict(secure(), trusting(other));
    failed_with(strict.send("https://127.0.0.1:" + std::to_string(wrong.port()) + "/"), errc::tls,
                "IP address mismatch");
}

BOOST_AUTO_TEST_CASE(an_unknown_authority_is_refused) {
    const auto pki = certificate({"localhost"});
    const auto other = certificate({"localhost"}, 30, "other");
    scripted_peer peer({answering(ok(""))}, identity(pki));
    client_world world(secure(), trusting(other));
    failed_with(world.send(peer.url("/")), errc::tls, "localhost: certificate: ");
    client_world system_only(secure(), tls::make_client_context("").value());
    failed_with(system_only.send(peer.url("/")), errc::tls, "localhost: certificate: ");
    BOOST_TEST(peer.heads().empty());
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
    const auto pki = certificate({"localhost"}, -1);
    scripted_peer peer({answering(ok(""))}, identity(pki));
    client_world world(secure(), trusting(pki));
    failed_with(world.send(peer.url("/")), errc::tls, "expired");
}

BOOST_AUTO_TEST_CASE(a_peer_that_speaks_no_tls_is_a_failure) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({[](conversation& with) {
        with.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        with.wait_for_close();
    }});
    client_world world(secure(), trusting(pki));
    failed_with(world.send("https://localhost:" + std::to_string(peer.port()) + "/"), errc::tls, "localhost: TLS");
    client_world no_context(secure(), nullptr);
    failed_with(no_context.send("https://localhost:" + std::to_string(peer.port()) + "/"), errc::tls);
}

BOOST_AUTO_TEST_CASE(a_handshake_that_never_ends_is_broken_off) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({[](conversation& with) { with.wait_for_close(); }});
    auto settings = secure();
    settings.tls_timeout = 60ms;
    client_world world(settings, trusting(pki));
    const std::string url = "https://localhost:" + std::to_string(peer.port()) + "/";
    failed_with(world.send(url), errc::unavailable, "localhost: no TLS handshake after 60ms");
    client_world patient(secure(), trusting(pki));
    patient.cancel_after(30ms);
    failed_with(patient.send(url), errc::cancelled);
}

BOOST_AUTO_TEST_CASE(a_cut_stream_after_the_whole_message_is_normal) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({[](conversation& with) {
                           with.read_head();
                           with.send(ok("hello"));
                       }},
                       identity(pki));
    client_world world(secure(), trusting(pki));
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(world.send(peer.url("/")).value().body == "hello");
        peer.wait_for_ends(static_cast<unsigned>(i) + 1);
    }
}

BOOST_AUTO_TEST_CASE(a_cut_stream_before_the_end_is_a_broken_response) {
    const auto pki = certificate({"localhost"});
    for (const char* text : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "HTTP/1.1 200 OK\r\n\r\nhello",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
        scripted_peer peer({[text](conversation& with) {
                               with.read_head();
                               with.send(text);
                           }},
                           identity(pki));
        client_world world(secure(), trusting(pki));
        failed_with(world.send(peer.url("/")), errc::protocol, "localhost: broken response: the TLS stream was cut");
    }
}

BOOST_AUTO_TEST_CASE(a_body_without_length_may_end_with_a_proper_end_of_tls) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({[](conversation& with) {
                           with.read_head();
                           with.send("HTTP/1.1 200 OK\r\n\r\nhello");
                           with.end_tls();
                       }},
                       identity(pki));
    client_world world(secure(), trusting(pki));
    BOOST_TEST(world.send(peer.url("/")).value().body == "hello");
}

BOOST_AUTO_TEST_CASE(cancellation_and_time_outs_work_within_tls) {
    const auto pki = certificate({"localhost"});
    scripted_peer peer({[](conversation& with) {
                           with.read_head();
                           with.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
                           with.wait_for_close();
                       }},
                       identity(pki));
    auto settings = secure();
    client_world world(settings, trusting(pki));
    world.cancel_after(50ms);
    failed_with(world.send(peer.url("/")), errc::cancelled);
    settings.idle_timeout = 60ms;
    client_world hasty(settings, trusting(pki));
    failed_with(hasty.send(peer.url("/")), errc::timed_out, "no progress for 60ms");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
