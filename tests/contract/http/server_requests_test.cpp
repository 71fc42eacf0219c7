// The server over real sockets: requests, their bodies, and how connections go on or end.
#include "server_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace seedhook;
using namespace seedhook::http;

const std::string get_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_hello_close = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

std::string post(const std::string& body, const std::string& fields = "") {
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

BOOST_FIXTURE_TEST_CASE(a_connection_serves_one_request_after_the_other, running_server) {
    raw_client client(name);
    for (int i = 0; i < 3; ++i) {
        client.send(get_hello);
        const std::string answer = client.read_response();
        BOOST_TEST(status_of(answer) == "200");
        BOOST_TEST(answer.ends_with("\r\n\r\nhello"));
        BOOST_TEST(has(answer, "\r\nDate: "));
        BOOST_TEST(!has(answer, "Connection"));
    }
    client.send(get_hello_close);
    BOOST_TEST(has(client.read_response(), "Connection: close\r\n"));
    BOOST_TEST(client.closes());
}

BOOST_FIXTURE_TEST_CASE(pipelined_requests_are_answered_in_order, running_server) {
    raw_client client(name);
    client.send(post("one") + get_hello + post("three") + "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello_close);
    BOOST_TEST(client.read_response().ends_with("one"));
    BOOST_TEST(client.read_response().ends_with("hello"));
    BOOST_TEST(client.read_response().ends_with("three"));
    BOOST_TEST(status_of(client.read_response()) == "404");
    BOOST_TEST(client.read_response().ends_with("hello"));
    BOOST_TEST(client.closes());
}

BOOST_FIXTURE_TEST_CASE(a_request_may_come_byte_by_byte, running_server) {
    raw_client client(name);
    for (const char c : post("slow") + get_hello) {
        client.send(std::string(1, c));
    }
    BOOST_TEST(client.read_response().ends_with("slow"));
    BOOST_TEST(client.read_response().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(a_body_larger_than_a_segment_arrives_whole, running_server) {
    raw_client client(name);
    const std::string body(1000, 'b');
    const std::string whole = post(body);
    client.send(whole.substr(0, whole.size() - 500));
    client.send(whole.substr(whole.size() - 500) + get_hello);
    BOOST_TEST(client.read_response().ends_with(body));
    BOOST_TEST(client.read_response().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(a_chunked_body_is_read_and_what_follows_is_the_next_request, running_server) {
    raw_client client(name);
    const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string chunks = "5;ext=\"1\"\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: ignored\r\n\r\n";
    client.send(head + chunks + get_hello);
    BOOST_TEST(client.read_response().ends_with("\r\n\r\nhello world"));
    BOOST_TEST(client.read_response().ends_with("\r\n\r\nhello"));
    client.send(head);
    for (const char c : chunks) {
        client.send(std::string(1, c));
    }
    client.send(get_hello);
    BOOST_TEST(client.read_response().ends_with("\r\n\r\nhello world"));
    BOOST_TEST(client.read_response().ends_with("\r\n\r\nhello"));
}

BOOST_FIXTURE_TEST_CASE(framing_tricks_are_refused_and_what_they_hide_is_never_a_request, running_server) {
    const std::string hidden = "GET /hello?smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::string& fields : std::vector<std::string>{
             "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "Content-Length: 4\r\nContent-Length: 0\r\n",
             "Content-Length: 0\r\nContent-Length: 0\r\n", "Transfer-Encoding: identity\r\nContent-Length: 0\r\n",
             "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding: ,chunked\r\n",
             "Transfer-Encoding: xchunked\r\n", "Content-Length: 0\r\n folded: 1\r\n", "Content-Length : 0\r\n",
             "Host: b\r\n", "X: a\nY: b\r\n"}) {
        const std::string answer =
            answer_to(name, "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n0\r\n\r\n" + hidden);
        BOOST_TEST(status_of(answer) == "400", fields);
        BOOST_TEST(has(answer, "Connection: close\r\n"));
        BOOST_TEST(has(answer, "{\"success\":false,\"error\":{\"code\":\"invalid_request\",\"message\":\""));
        BOOST_TEST(answer.find("HTTP/1.1 ", 1) == std::string::npos, fields);
    }
    const std::string old =
        answer_to(name, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden);
    BOOST_TEST(status_of(old) == "400");
    const std::string chunk = answer_to(name, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                              "0\r\n" +
                                                  hidden);
    BOOST_TEST(status_of(chunk) == "400");
    BOOST_TEST(desk.requests().empty());
}

BOOST_FIXTURE_TEST_CASE(a_hopeless_head_is_refused_without_waiting_for_its_end, running_server) {
    BOOST_TEST(status_of(answer_to(name, "GET / HTTP/1.1\n\n")) == "400");
    BOOST_TEST(status_of(answer_to(name, std::string("\x16\x03\x01\x02\x00\x01", 6))) == "400");
    BOOST_TEST(status_of(answer_to(name, "GET / HTTP/2.0\r\nHost: a\r\n\r\n")) == "505");
}

BOOST_FIXTURE_TEST_CASE(a_head_over_the_limit_is_431, running_server) {
    const std::string endless = "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(20 * 1024, 'x');
    BOOST_TEST(status_of(answer_to(name, endless)) == "431");
    const std::string fits = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + std::string(16000, 'x');
    BOOST_TEST(status_of(answer_to(name, fits + "\r\n\r\n")) == "200");
}

BOOST_FIXTURE_TEST_CASE(a_body_over_the_endpoints_limit_is_413_and_the_answer_arrives, running_server) {
    // More than the sockets hold, so that the answer would be lost if the server closed with it unread.
    const std::string body(2'000'000, 'b');
    const std::string sized = answer_to(name, post(body));
    BOOST_TEST(status_of(sized) == "413");
    BOOST_TEST(has(sized, "\"code\":\"too_large\""));
    const std::string chunked = answer_to(name, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                "1e8480\r\n" +
                                                    body + "\r\n0\r\n\r\n");
    BOOST_TEST(status_of(chunked) == "413");
    BOOST_TEST(status_of(answer_to(name, post(std::string(1001, 'b')))) == "413");
    BOOST_TEST(desk.requests().empty());
}

BOOST_FIXTURE_TEST_CASE(unknown_paths_and_methods_are_answered, running_server) {
    raw_client client(name);
    client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(status_of(client.read_response()) == "404");
    client.send("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = client.read_response();
    BOOST_TEST(status_of(answer) == "405");
    BOOST_TEST(has(answer, "Allow: GET, HEAD\r\n"));
    BOOST_TEST(!has(answer, "Connection: close"));
    client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n" + get_hello);
    BOOST_TEST(has(client.read_response(), "Connection: close\r\n"));
    BOOST_TEST(client.closes());
    BOOST_TEST(desk.requests().empty());
}

BOOST_FIXTURE_TEST_CASE(head_is_answered_as_get_without_the_body, running_server) {
    raw_client client(name);
    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello);
    BOOST_TEST(has(client.read_until("\r\n\r\n"), "Content-Length: 5\r\n"));
    BOOST_TEST(client.read_response().ends_with("hello"));
    client.send("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello);
    BOOST_TEST(status_of(client.read_until("\r\n\r\n")) == "404");
    BOOST_TEST(client.read_response().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(a_client_that_asks_for_leave_to_send_its_body_gets_it_only_when_it_will_be_read,
                        running_server) {
    raw_client client(name);
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    BOOST_TEST(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    BOOST_TEST(client.read_response().ends_with("hello"));
    client.send(post("at once", "Expect: 100-continue\r\n"));
    BOOST_TEST(client.read_response().ends_with("at once"));

    const auto first_answer = [&](const std::string& start) {
        return status_of(
            answer_to(name, start + "\r\nHost: a\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n"));
    };
    BOOST_TEST(first_answer("POST /echo HTTP/1.1") == "413");
    BOOST_TEST(first_answer("POST /nowhere HTTP/1.1") == "404");
    BOOST_TEST(first_answer("POST /hello HTTP/1.1") == "405");
    BOOST_TEST(status_of(answer_to(name, post("x", "Expect: a-miracle\r\n"))) == "417");
}

BOOST_FIXTURE_TEST_CASE(http_1_0_is_served_and_closed_unless_asked_to_stay, running_server) {
    const std::string once = answer_to(name, "GET /hello HTTP/1.0\r\n\r\n");
    BOOST_TEST(status_of(once) == "200");
    BOOST_TEST(once.ends_with("hello"));
    raw_client client(name);
    client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    BOOST_TEST(has(client.read_response(), "Connection: keep-alive\r\n"));
    client.send("GET /stream/chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const std::string streamed = client.read_all();
    BOOST_TEST(!has(streamed, "Transfer-Encoding"));
    BOOST_TEST(streamed.ends_with("\r\n\r\npiecepiecepiece"));
}

BOOST_FIXTURE_TEST_CASE(a_body_can_be_produced_while_it_is_sent, running_server) {
    raw_client client(name);
    client.send("GET /stream/sized HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(client.read_response().ends_with("\r\n\r\npiecepiecepiece"));
    client.send("GET /stream/chunked HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(has(client.read_until("\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
    BOOST_TEST(client.read_until("0\r\n\r\n") == "5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n");
    client.send("HEAD /stream/sized HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello);
    BOOST_TEST(has(client.read_until("\r\n\r\n"), "Content-Length: 15\r\n"));
    BOOST_TEST(client.read_response().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(a_body_that_is_not_as_promised_breaks_the_connection_before_it_looks_whole, running_server) {
    const std::string brief = answer_to(name, "GET /stream/short HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(!brief.ends_with("0\r\n\r\n"));
    const std::string body_of_long = answer_to(name, "GET /stream/long HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::size_t body = body_of_long.find("\r\n\r\n");
    BOOST_TEST((body == std::string::npos || body_of_long.size() - body - 4 < 14));
    const std::string failing = answer_to(name, "GET /stream/failing HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(!failing.ends_with("0\r\n\r\n"));
}

BOOST_FIXTURE_TEST_CASE(a_handler_that_fails_tells_nothing_of_our_insides, running_server) {
    for (const std::string path : {"/throws", "/splits"}) {
        const std::string answer = answer_to(name, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello);
        BOOST_TEST(status_of(answer) == "500");
        BOOST_TEST(!has(answer, "secret"));
        BOOST_TEST(!has(answer, "Set-Cookie"));
        BOOST_TEST(has(answer, "Connection: close\r\n"));
        BOOST_TEST(!has(answer, "hello"));
    }
}

BOOST_FIXTURE_TEST_CASE(a_large_response_reaches_a_client_that_reads_late, running_server) {
    raw_client client(name);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello_close);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const std::string head = client.read_until("\r\n\r\n");
    BOOST_TEST(has(head, "Content-Length: 3000000\r\n"));
    BOOST_TEST((client.read_bytes(3'000'000) == std::string(3'000'000, 'x')));
    BOOST_TEST(client.read_response().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(a_handler_runs_to_its_end_when_the_client_goes, running_server) {
    {
        raw_client client(name);
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        BOOST_REQUIRE(desk.wait_until_holding());
    }
    desk.release = true;
    for (int i = 0; i < 400 && door->open() > 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    BOOST_TEST(door->open() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_client_that_has_said_all_still_gets_its_answer, running_server) {
    raw_client client(name);
    client.send(get_hello);
    client.end_output();
    BOOST_TEST(client.read_all().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(the_handler_knows_its_peer, running_server) {
    BOOST_TEST(has(answer_to(name, "GET /peer HTTP/1.0\r\n\r\n"), "\r\n\r\n127.0.0.1:"));
}

} // namespace
