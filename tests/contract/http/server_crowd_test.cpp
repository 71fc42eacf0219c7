// Who is let in, who has to go for whom, and whom a connection is said to be with.
#include "server_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace {

using namespace seedhook;
using namespace seedhook::http;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

const std::string get_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_peer = "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_hold = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";

// Counts the reasons. A server's own thread writes while the test reads.
struct refusals {
    std::mutex guard;
    std::map<std::string, int, std::less<>> counted;

    std::function<void(std::string_view)> listener() {
        return [this](std::string_view reason) {
            const std::lock_guard lock(guard);
            ++counted[std::string(reason)];
        };
    }
    int of(std::string_view reason) {
        const std::lock_guard lock(guard);
        const auto found = counted.find(reason);
        return found == counted.end() ? 0 : found->second;
    }
};

struct crowded {
    explicit crowded(std::size_t most, std::vector<std::string> trusted = {}) {
        door.connections = most;
        door.proxies = trusted_proxies::parse(trusted).value();
        door.refused = refused.listener();
    }

    refusals refused;
    admission_settings door;
};

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

std::string from(std::string_view client) {
    return "GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + std::string(client) + "\r\n\r\n";
}

std::string proxy_v2(unsigned char command, unsigned char family, std::string_view rest) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += static_cast<char>(0x20 | command);
    header += static_cast<char>(family);
    header += static_cast<char>(rest.size() >> 8U);
    header += static_cast<char>(rest.size() & 0xffU);
    return header.append(rest);
}

// 203.0.113.x:258 to 10.0.0.1:443
std::string for_client(unsigned char last) {
    std::string rest("\xcb\x00\x71", 3);
    rest += static_cast<char>(last);
    return proxy_v2(1, 0x11, rest.append("\x0a\x00\x00\x01\x01\x02\x01\xbb", 8));
}

BOOST_AUTO_TEST_CASE(the_connection_that_was_idle_longest_is_closed_for_a_newcomer) {
    crowded with(2);
    running_server server({}, "127.0.0.1:0", nullptr, with.door);
    raw_client first(server.name);
    first.send(get_hello);
    first.read_response();
    raw_client second(server.name);
    second.send(get_hello);
    second.read_response();
    raw_client third(server.name);
    third.send(get_hello);
    BOOST_TEST(status_of(third.read_response()) == "200");
    BOOST_TEST(first.closes());
    second.send(get_hello);
    BOOST_TEST(status_of(second.read_response()) == "200");
    BOOST_TEST(with.refused.of("overload") == 1);
    BOOST_TEST(server.door->open() == 2U);
}

BOOST_AUTO_TEST_CASE(who_is_slow_to_arrive_goes_before_who_is_idle) {
    crowded with(2);
    running_server server({}, "127.0.0.1:0", nullptr, with.door);
    raw_client slow(server.name);
    slow.send("GET /hello HTTP/1.1\r\nHost:");
    raw_client idle(server.name);
    idle.send(get_hello);
    idle.read_response();
    std::this_thread::sleep_for(2100ms);
    raw_client third(server.name);
    third.send(get_hello);
    BOOST_TEST(status_of(third.read_response()) == "200");
    BOOST_TEST(slow.closes());
    idle.send(get_hello);
    BOOST_TEST(status_of(idle.read_response()) == "200");
}

BOOST_AUTO_TEST_CASE(bodies_that_do_not_come_and_answers_that_are_not_read_make_room) {
    crowded with(2);
    running_server server({}, "127.0.0.1:0", nullptr, with.door);
    raw_client sender(server.name);
    sender.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    raw_client reader(server.name);
    reader.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    std::this_thread::sleep_for(2100ms);
    raw_client third(server.name);
    third.send(get_hello);
    BOOST_TEST(status_of(third.read_response()) == "200");
    raw_client fourth(server.name);
    fourth.send(get_hello);
    BOOST_TEST(status_of(fourth.read_response()) == "200");
    BOOST_TEST(sender.closes());
    third.send(get_hello);
    BOOST_TEST(status_of(third.read_response()) == "200", "the reader had to go, not the third");
}

BOOST_AUTO_TEST_CASE(nobody_goes_whose_answer_is_being_made) {
    crowded with(1);
    running_server server({}, "127.0.0.1:0", nullptr, with.door);
    raw_client busy(server.name);
    busy.send(get_hold);
    BOOST_REQUIRE(server.desk.wait_until_holding());
    raw_client second(server.name);
    second.send(get_hello);
    BOOST_TEST(second.silent_for(250ms));
    server.desk.release = true;
    BOOST_TEST(busy.read_response().ends_with("held"));
    BOOST_TEST(status_of(second.read_response()) == "200");
}

BOOST_AUTO_TEST_CASE(one_address_has_its_share_and_others_theirs) {
    crowded with(100);
    with.door.per_address = {2, false};
    running_server server({}, "127.0.0.1:0", nullptr, with.door);
    auto first = std::make_unique<raw_client>(server.name);
    raw_client second(server.name);
    first->send(get_hello);
    second.send(get_hello);
    first->read_response();
    second.read_response();
    raw_client third(server.name);
    BOOST_TEST(third.closes());
    for (int i = 0; i < 400 && with.refused.of("address") == 0; ++i) { // counted once it is closed
        std::this_thread::sleep_for(10ms);
    }
    BOOST_TEST(with.refused.of("address") == 1);
    first.reset();
    for (int i = 0; i < 400 && server.door->open() > 1; ++i) {
        std::this_thread::sleep_for(10ms);
    }
    raw_client fourth(server.name);
    fourth.send(get_hello);
    BOOST_TEST(status_of(fourth.read_response()) == "200");
}

BOOST_AUTO_TEST_CASE(a_limit_for_public_addresses_leaves_this_machine_alone) {
    crowded with(100);
    with.door.per_address = {1, true};
    running_server server({}, "127.0.0.1:0", nullptr, with.door);
    raw_client first(server.name);
    raw_client second(server.name);
    second.send(get_hello);
    BOOST_TEST(status_of(second.read_response()) == "200");
}

BOOST_AUTO_TEST_CASE(only_a_trusted_peer_says_whom_it_speaks_for) {
    running_server server;
    raw_client stranger(server.name);
    stranger.send(from("203.0.113.9"));
    BOOST_TEST(body_of(stranger.read_response()).starts_with("127.0.0.1:"));
    crowded with(100, {"127.0.0.0/8"});
    running_server trusting({}, "127.0.0.1:0", nullptr, with.door);
    raw_client proxy(trusting.name);
    proxy.send(from("198.51.100.1, 203.0.113.9, 127.0.0.7"));
    BOOST_TEST(body_of(proxy.read_response()) == "203.0.113.9");
    proxy.send(get_peer); // on the same connection
    BOOST_TEST(body_of(proxy.read_response()).starts_with("127.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(a_proxy_header_says_whose_the_connection_is) {
    crowded with(100, {"127.0.0.1"});
    with.door.per_address = {1, true};
    running_server server({}, "127.0.0.1:0", nullptr, with.door, true);
    raw_client first(server.name);
    const std::string header = for_client(9);
    first.send(header.substr(0, 20)); // in two pieces, the second with the request
    std::this_thread::sleep_for(20ms);
    first.send(header.substr(20) + get_peer);
    BOOST_TEST(body_of(first.read_response()) == "203.0.113.9:258");
    first.send(from("198.51.100.1")); // the client is no proxy of ours
    BOOST_TEST(body_of(first.read_response()) == "203.0.113.9:258");
    raw_client local(server.name);
    local.send(proxy_v2(0, 0, "") + get_peer);
    BOOST_TEST(body_of(local.read_response()).starts_with("127.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(what_is_no_proxy_header_is_not_answered) {
    server_limits limits;
    limits.header_timeout = 200ms;
    crowded with(100, {"127.0.0.1"});
    running_server server(limits, "127.0.0.1:0", nullptr, with.door, true);
    for (const std::string& wrong :
         {get_hello, std::string("PROXY TCP4 203.0.113.9 10.0.0.1 258 443\r\n") + get_hello,
          proxy_v2(7, 0x11, "") + get_hello, proxy_v2(1, 0x11, std::string(3000, 'x')) + get_hello,
          for_client(9).substr(0, 17)}) {
        raw_client client(server.name);
        client.send(wrong);
        BOOST_TEST(client.closes());
    }
    BOOST_TEST(with.refused.of("proxy") == 5);
    BOOST_TEST(server.desk.requests().empty());
    crowded without(100, {"10.0.0.0/8"});
    running_server distrusting({}, "127.0.0.1:0", nullptr, without.door, true);
    raw_client client(distrusting.name);
    client.send(for_client(9) + get_hello);
    BOOST_TEST(client.closes());
    BOOST_TEST(distrusting.desk.requests().empty());
}

BOOST_AUTO_TEST_CASE(clients_behind_a_proxy_each_have_their_share) {
    crowded with(100, {"127.0.0.1"});
    with.door.per_address = {1, false};
    running_server server({}, "127.0.0.1:0", nullptr, with.door, true);
    raw_client first(server.name);
    first.send(for_client(9) + get_peer);
    first.read_response();
    raw_client again(server.name);
    again.send(for_client(9) + get_peer);
    BOOST_TEST(again.closes());
    raw_client other(server.name);
    other.send(for_client(10) + get_peer);
    BOOST_TEST(body_of(other.read_response()) == "203.0.113.10:258");
}

BOOST_AUTO_TEST_CASE(a_body_that_comes_too_slowly_on_the_average_is_cut_off) {
    server_limits limits;
    limits.header_timeout = 200ms;
    limits.least_rate = 500; // a piece below comes at less than a tenth of it
    running_server server(limits);
    raw_client client(server.name);
    const auto begun = steady::now();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n");
    while (client.silent_for(50ms) && steady::now() - begun < 5s) {
        client.send("xx");
    }
    BOOST_TEST((steady::now() - begun < 2s));
    BOOST_TEST(status_of(client.read_all()) == "408");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_read_too_slowly_on_the_average_is_broken_off) {
    server_limits limits;
    limits.idle_timeout = 300ms;
    limits.least_rate = 100'000'000;
    running_server server(limits);
    raw_client client(server.name);
    client.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");
    std::size_t read = 0;
    while (const std::size_t size = client.read_some(20'000)) { // progress all the time; the whole would take 30 s
        read += size;
        std::this_thread::sleep_for(server.door->open() > 0 ? 20ms : 0ms);
    }
    BOOST_TEST(read < huge_answer);
}

BOOST_AUTO_TEST_CASE(a_large_body_is_refused_unread_and_its_sender_reads_why) {
    running_server server;
    const std::string sent = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10485760\r\n\r\n";
    BOOST_TEST(status_of(answer_to(server.name, sent + std::string(10485760, 'x'))) == "413");
    std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 160; ++i) {
        chunked += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    }
    BOOST_TEST(status_of(answer_to(server.name, chunked)) == "413");
    raw_client careful(server.name);
    careful.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10485760\r\n\r\n");
    BOOST_TEST(status_of(careful.read_all()) == "413");
    BOOST_TEST(server.desk.requests().empty());
}

} // namespace
