// The address policy where it counts: at each connect, to the very address that was judged.
#include "client_world.hpp"

#include "http/dialer.hpp"

#include <atomic>

namespace seedhook::test {

namespace {

using addresses = std::vector<asio::ip::address>;

addresses list(std::initializer_list<const char*> texts) {
    addresses out;
    for (const char* text : texts) {
        out.push_back(asio::ip::make_address(text));
    }
    return out;
}

http::resolve_function always(std::initializer_list<const char*> texts) {
    return [found = list(texts)](const std::string&) { return found; };
}

std::string at(const scripted_peer& peer, std::string_view host = "a.example") {
    return "http://" + std::string(host) + ":" + std::to_string(peer.port()) + "/";
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_addresses)

BOOST_AUTO_TEST_CASE(a_name_with_only_refused_addresses_is_refused_with_its_address) {
    scripted_peer peer({answering(ok(""))});
    auto settings = loopback_settings();
    settings.addresses.allowed.clear();
    client_world world(settings, nullptr, always({"127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3"}));
    failed_with(world.send(at(peer)), errc::refused, "a.example: 10.1.2.3: the address is not allowed");
    failed_with(world.send(peer.url("/")), errc::refused, "127.0.0.1");
    failed_with(world.send("http://[::1]:" + std::to_string(peer.port()) + "/"), errc::refused, "::1");
    failed_with(world.send("http://[::ffff:7f00:1]:" + std::to_string(peer.port()) + "/"), errc::refused);
    BOOST_TEST(peer.connections() == 0);
}

BOOST_AUTO_TEST_CASE(localhost_by_its_real_name_is_refused_and_reached_when_allowed) {
    scripted_peer peer({answering(ok("here"))});
    auto settings = loopback_settings();
    client_world open(settings, nullptr, &http::system_resolve);
    BOOST_TEST(open.send(at(peer, "localhost")).value().body == "here");
    settings.addresses.allowed.clear();
    client_world closed(settings, nullptr, &http::system_resolve);
    failed_with(closed.send(at(peer, "localhost")), errc::refused, "localhost");
}

BOOST_AUTO_TEST_CASE(refused_addresses_among_others_are_passed_over) {
    scripted_peer peer({answering(ok("here"))});
    client_world world(loopback_settings(), nullptr, always({"10.0.0.1", "169.254.169.254", "127.0.0.1"}));
    const auto took = time_of([&] { BOOST_TEST(world.send(at(peer)).value().body == "here"); });
    BOOST_TEST(took < 1s);
}

BOOST_AUTO_TEST_CASE(the_next_address_is_tried_when_one_does_not_answer) {
    scripted_peer peer({answering(ok("here"))});
    client_world world(loopback_settings(), nullptr, always({"127.0.0.2", "::1", "127.0.0.1"}));
    BOOST_TEST(world.send(at(peer)).value().body == "here");
    client_world none(loopback_settings(), nullptr, always({"127.0.0.2", "10.0.0.1"}));
    failed_with(none.send(at(peer)), errc::unavailable, "a.example: 127.0.0.2: ");
}

BOOST_AUTO_TEST_CASE(a_name_is_resolved_once_for_each_connection) {
    scripted_peer peer({[](scripted_peer::conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }});
    std::atomic<int> asked{0};
    // Rebinding: allowed the first time, forbidden from then on.
    client_world world(loopback_settings(), nullptr, [&asked](const std::string&) {
        return asked++ == 0 ? list({"127.0.0.1"}) : list({"10.0.0.1"});
    });
    BOOST_TEST(world.send(at(peer)).has_value());
    BOOST_TEST(asked == 1);
    failed_with(world.send(at(peer)), errc::refused, "10.0.0.1");
    BOOST_TEST(asked == 2);
    BOOST_TEST(peer.connections() == 1);
}

BOOST_AUTO_TEST_CASE(names_that_lead_nowhere_are_network_failures) {
    client_world empty(loopback_settings(), nullptr, always({}));
    failed_with(empty.send("http://a.example/"), errc::unavailable, "a.example: the name has no address");
    client_world unknown(loopback_settings(), nullptr,
                         [](const std::string&) -> result<addresses> { return error(errc::network, "no such name"); });
    failed_with(unknown.send("http://a.example/"), errc::unavailable, "a.example: no such name");
    client_world real(loopback_settings(), nullptr, &http::system_resolve);
    failed_with(real.send("http://does-not-exist.invalid/"), errc::unavailable, "does-not-exist.invalid: ");
}

BOOST_AUTO_TEST_CASE(address_families_take_turns) {
    BOOST_TEST((http::interleaved(list({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"})) ==
                list({"::1", "1.1.1.1", "::2", "2.2.2.2", "::3"})));
    BOOST_TEST((http::interleaved(list({"1.1.1.1", "2.2.2.2", "::1"})) == list({"1.1.1.1", "::1", "2.2.2.2"})));
    BOOST_TEST(http::interleaved({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
