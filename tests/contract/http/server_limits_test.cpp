// The server's limits on time and number, how it stops, and the sockets it listens on.
#include "server_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace seedhook;
using namespace seedhook::http;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

const std::string get_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_hold = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";

server_limits hasty() {
    server_limits limits;
    limits.header_timeout = 200ms;
    limits.idle_timeout = 300ms;
    limits.request_timeout = 600ms;
    return limits;
}

struct hasty_server : running_server {
    hasty_server() : running_server(hasty()) {}
};

BOOST_FIXTURE_TEST_CASE(a_caller_who_says_nothing_is_sent_away, hasty_server) {
    raw_client client(name);
    BOOST_TEST(client.closes());
}

BOOST_FIXTURE_TEST_CASE(a_head_that_trickles_in_is_cut_off, hasty_server) {
    raw_client client(name);
    const auto begun = steady::now();
    client.send("GET /hello HTTP/1.1\r\n");
    while (client.silent_for(20ms) && steady::now() - begun < 5s) {
        client.send("X: y\r\n");
    }
    BOOST_TEST((steady::now() - begun < 2s));
    BOOST_TEST(status_of(client.read_all()) == "408");
    BOOST_TEST(desk.requests().empty());
}

struct server_that_lets_rest : running_server {
    static server_limits limits() {
        server_limits limits;
        limits.header_timeout = 600ms;
        limits.idle_timeout = 10s;
        return limits;
    }
    server_that_lets_rest() : running_server(limits()) {}
};

BOOST_FIXTURE_TEST_CASE(the_limit_on_a_later_head_begins_with_its_first_byte, server_that_lets_rest) {
    raw_client client(name);
    client.send(get_hello);
    client.read_response();
    std::this_thread::sleep_for(700ms); // longer than a head may take
    client.send("GET /hello HTTP/1.1\r\n");
    std::this_thread::sleep_for(100ms);
    client.send("Host: a\r\n\r\n");
    BOOST_TEST(status_of(client.read_response()) == "200");
    client.send("GET /hello");
    BOOST_TEST(status_of(client.read_all()) == "408");
}

BOOST_FIXTURE_TEST_CASE(an_idle_connection_closes_silently, hasty_server) {
    raw_client client(name);
    client.send(get_hello);
    client.read_response();
    BOOST_TEST(client.closes());
}

BOOST_FIXTURE_TEST_CASE(a_body_that_stalls_is_408, hasty_server) {
    const std::string answer = answer_to(name, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    BOOST_TEST(status_of(answer) == "408");
}

BOOST_FIXTURE_TEST_CASE(a_body_that_trickles_in_is_cut_off_whatever_its_progress, hasty_server) {
    raw_client client(name);
    const auto begun = steady::now();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (client.silent_for(20ms) && steady::now() - begun < 5s) {
        client.send("1\r\nx\r\n");
    }
    BOOST_TEST((steady::now() - begun < 2s));
    BOOST_TEST(status_of(client.read_all()) == "408");
    BOOST_TEST(desk.requests().empty());
}

BOOST_FIXTURE_TEST_CASE(a_client_that_does_not_read_is_dropped, hasty_server) {
    raw_client client(name);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 400 && (i < 2 || door->open() > 0); ++i) {
        std::this_thread::sleep_for(10ms);
    }
    BOOST_TEST(door->open() == 0U);
}

BOOST_AUTO_TEST_CASE(stopping_finishes_the_request_in_hand_and_closes_idle_connections_at_once) {
    running_server server;
    raw_client idle(server.name);
    idle.send(get_hello);
    idle.read_response();
    raw_client silent(server.name);
    raw_client busy(server.name);
    busy.send(get_hold);
    BOOST_REQUIRE(server.desk.wait_until_holding());
    server.stop(5s);
    BOOST_TEST(idle.closes());
    BOOST_TEST(silent.closes());
    server.desk.release = true;
    const std::string answer = busy.read_response();
    BOOST_TEST(answer.ends_with("held"));
    BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
    BOOST_TEST(busy.closes());
    server.wait();
    BOOST_TEST(server.door->open() == 0U);
}

BOOST_AUTO_TEST_CASE(stopping_while_a_response_is_written_ends_the_connection_after_it) {
    running_server server;
    raw_client client(server.name);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("\r\n\r\n");
    server.stop(5s);
    std::this_thread::sleep_for(50ms);
    client.read_bytes(3'000'000);
    const auto begun = steady::now();
    BOOST_TEST(client.closes());
    server.wait();
    BOOST_TEST((steady::now() - begun < 2s));
}

BOOST_AUTO_TEST_CASE(stopping_lets_a_body_under_way_arrive) {
    running_server server;
    raw_client client(server.name);
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client.read_until("100 Continue\r\n\r\n");
    server.stop(5s);
    client.send("hello");
    BOOST_TEST(client.read_response().ends_with("hello"));
    BOOST_TEST(client.closes());
    server.wait();
}

BOOST_AUTO_TEST_CASE(what_is_not_done_after_the_grace_is_broken_off) {
    running_server server;
    raw_client client(server.name);
    client.send(get_hold);
    BOOST_REQUIRE(server.desk.wait_until_holding());
    const auto begun = steady::now();
    server.stop(100ms);
    server.wait();
    BOOST_TEST((steady::now() - begun >= 100ms));
    BOOST_TEST((steady::now() - begun < 3s));
}

BOOST_AUTO_TEST_CASE(nobody_is_accepted_once_the_server_stops) {
    running_server server;
    raw_client client(server.name);
    client.send(get_hold);
    BOOST_REQUIRE(server.desk.wait_until_holding());
    server.stop(5s);
    std::this_thread::sleep_for(100ms);
    const auto again = open_listening_socket(server.name);
    BOOST_TEST(again.has_value(), "the address is free while the last request is finished");
    server.desk.release = true;
    BOOST_TEST(client.read_response().ends_with("held"));
}

BOOST_FIXTURE_TEST_CASE(a_unix_socket_serves_with_its_mode_and_leaves_no_file, scratch_folder) {
    const std::string file = path / "x.sock";
    {
        running_server server({}, "unix:" + file);
        BOOST_TEST(server.name == "unix:" + file);
        struct stat what {};
        BOOST_REQUIRE(::stat(file.c_str(), &what) == 0);
        BOOST_TEST((what.st_mode & 07777) == 0660U);
        BOOST_TEST(answer_to(server.name, "GET /peer HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nunix"));
        const auto second = open_listening_socket(server.name);
        BOOST_REQUIRE(!second);
        BOOST_TEST((second.error().code == errc::conflict));
    }
    BOOST_TEST(!std::filesystem::exists(file));
}

BOOST_FIXTURE_TEST_CASE(a_unix_socket_that_a_dead_process_left_is_replaced_and_other_files_are_not, scratch_folder) {
    const std::string file = path / "x.sock";
    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    file.copy(where.sun_path, sizeof where.sun_path - 1);
    BOOST_REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    ::close(left);
    BOOST_TEST(open_listening_socket("unix:" + file, 0600).has_value());

    std::ofstream(file) << "precious";
    const auto refused = open_listening_socket("unix:" + file);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    BOOST_TEST(std::filesystem::exists(file));
    BOOST_TEST(!open_listening_socket("unix:" + std::string(200, 'x')));
    BOOST_TEST(!open_listening_socket("unix:"));
}

BOOST_AUTO_TEST_CASE(an_address_in_use_or_malformed_is_an_error_that_names_it) {
    const auto first = open_listening_socket("127.0.0.1:0");
    BOOST_REQUIRE(first);
    const auto second = open_listening_socket(first->name());
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == errc::conflict));
    BOOST_TEST(second.error().message.find(first->name()) != std::string::npos);
    for (const char* bad : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x",
                            "localhost:80", "::1:80", "[127.0.0.1]:80", "[::1:80", "127.0.0.1:-1", "127.0.0.1: 80"}) {
        const auto refused = open_listening_socket(bad);
        BOOST_REQUIRE_MESSAGE(!refused, bad);
        BOOST_TEST((refused.error().code == errc::invalid), bad);
    }
}

// What a service manager does: the sockets are descriptors from 3 on, and the environment says so.
int child_with_inherited(int descriptor, const std::string& name) {
    ::dup2(descriptor, 3);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
    const auto taken = inherited_sockets();
    const bool right =
        taken && taken->size() == 1 && taken->front().name() == name && ::getenv("LISTEN_FDS") == nullptr;
    return right && !inherited_sockets() ? 0 : 1;
}

BOOST_AUTO_TEST_CASE(sockets_of_a_service_manager_are_taken_over) {
    BOOST_TEST(!inherited_sockets());
    const auto socket = open_listening_socket("127.0.0.1:0");
    BOOST_REQUIRE(socket);
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0); // something that is no listening socket
    for (const int descriptor : {socket->descriptor(), ends[0]}) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::_exit(child_with_inherited(descriptor, socket->name()));
        }
        int status = -1;
        BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
        BOOST_TEST((status == 0) == (descriptor == socket->descriptor()));
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

BOOST_AUTO_TEST_CASE(the_unspecified_ipv6_address_takes_ipv4_too) {
    const auto probe = open_listening_socket("[::]:0");
    if (!probe) {
        BOOST_TEST_MESSAGE("no IPv6 here: " << probe.error().message);
        return;
    }
    running_server server({}, "[::]:0");
    const std::string v4 = "127.0.0.1:" + std::to_string(server.port());
    const std::string answer = answer_to(v4, "GET /peer HTTP/1.0\r\n\r\n");
    BOOST_TEST(answer.find("\r\n\r\n127.0.0.1:") != std::string::npos, answer);
}

BOOST_AUTO_TEST_CASE(two_servers_may_share_one_socket) {
    auto socket = open_listening_socket("127.0.0.1:0");
    BOOST_REQUIRE(socket);
    auto copy = socket->share();
    BOOST_REQUIRE(copy);
    BOOST_TEST(copy->name() == socket->name());
    BOOST_TEST(copy->descriptor() != socket->descriptor());
    const std::string name = socket->name();
    { const listening_socket gone = std::move(*socket); }
    raw_client client(name); // the copy still listens
}

} // namespace
