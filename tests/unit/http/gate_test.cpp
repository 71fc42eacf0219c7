// What the framing gate lets through, and every way in which a head is refused.
#include "http/gate.hpp"
#include "http/gate_bytes.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace seedhook::http;
using namespace std::string_literals;

struct hostile {
    const char* why;
    std::string head;
    unsigned status;
    std::string_view reason; // how the reason begins
};

std::string with_fields(const std::string& fields) { return "POST /hooks HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string with_line(const std::string& line) { return line + "\r\nHost: a\r\n\r\n"; }
std::string with_host(const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; }

void check_all(const std::vector<hostile>& table) {
    for (const hostile& h : table) {
        request into;
        const auto read = read_head(h.head, into);
        BOOST_TEST_CONTEXT(h.why) {
            BOOST_REQUIRE(!read);
            BOOST_TEST(read.error().status == h.status);
            BOOST_TEST(read.error().reason.substr(0, h.reason.size()) == h.reason);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_plain_request_is_read_into_views_of_its_bytes) {
    const std::string head = "POST /hooks/seedance?a=1&b=%20 HTTP/1.1\r\nHost: hooks.example.com:8443\r\n"
                             "Content-Length: 12\r\nX-Seedance-Signature:\t abc \t\r\nEmpty:\r\n\r\n";
    request into;
    const auto read = read_head(head, into);
    BOOST_REQUIRE(read);
    BOOST_TEST(into.method == "POST");
    BOOST_TEST(into.target == "/hooks/seedance?a=1&b=%20");
    BOOST_TEST(into.path == "/hooks/seedance");
    BOOST_TEST(into.query == "a=1&b=%20");
    BOOST_TEST(into.fields.size() == 4U);
    BOOST_TEST(into.find("x-seedance-signature").value() == "abc");
    BOOST_TEST(into.find("Empty").value() == "");
    BOOST_TEST(into.target.data() == head.data() + 5);
    BOOST_TEST(read->length.value() == 12U);
    BOOST_TEST(!read->chunked);
    BOOST_TEST(read->keep_alive);
    BOOST_TEST(!read->http_1_0);
    BOOST_TEST(read->has_body());
}

BOOST_AUTO_TEST_CASE(a_second_head_replaces_the_first_one) {
    request into;
    BOOST_REQUIRE(read_head(with_fields("One: 1\r\nTwo: 2\r\n"), into));
    const std::string second = "GET /b HTTP/1.1\r\nHost: b\r\n\r\n";
    BOOST_REQUIRE(read_head(second, into));
    BOOST_TEST(into.fields.size() == 1U);
    BOOST_TEST(into.path == "/b");
    BOOST_TEST(into.query == "");
}

BOOST_AUTO_TEST_CASE(a_request_line_that_two_readers_could_take_differently_is_refused) {
    check_all({
        {"nothing", "\r\n\r\n", 400, "the request line"},
        {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the request line"},
        {"no version (HTTP/0.9)", with_line("GET /"), 400, "the request line is not"},
        {"two spaces after the method", with_line("GET  / HTTP/1.1"), 400, "the target"},
        {"two spaces before the version", with_line("GET /  HTTP/1.1"), 400, "the request line does not end"},
        {"space at the start", with_line(" GET / HTTP/1.1"), 400, "the method"},
        {"space at the end", with_line("GET / HTTP/1.1 "), 400, "the request line does not end"},
        {"tab for space", with_line("GET\t/ HTTP/1.1"), 400, "the request line is not"},
        {"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "a bare line ending"},
        {"bare CR", with_line("GET /\rX HTTP/1.1"), 400, "the target"},
        {"CR before CRLF", with_line("GET / HTTP/1.1\r"), 400, "the request line does not end"},
        {"NUL", with_line("GET /\0 HTTP/1.1"s), 400, "the target"},
        {"method with a colon", with_line("GE:T / HTTP/1.1"), 400, "the method"},
        {"method in brackets", with_line("(GET) / HTTP/1.1"), 400, "the method"},
        {"method of 8-bit", with_line("G\xc3\x89T / HTTP/1.1"), 400, "the method"},
        {"absolute form", with_line("GET http://a/ HTTP/1.1"), 400, "the target"},
        {"authority form", with_line("CONNECT a:443 HTTP/1.1"), 400, "the target"},
        {"asterisk form", with_line("OPTIONS * HTTP/1.1"), 400, "the target"},
        {"fragment", with_line("GET /a#b HTTP/1.1"), 400, "the target"},
        {"8-bit target", with_line("GET /\xff HTTP/1.1"), 400, "the target"},
        {"DEL in the target", with_line("GET /\x7f HTTP/1.1"), 400, "the target"},
        {"control character in the target", with_line("GET /\x01 HTTP/1.1"), 400, "the target"},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 400, "the target"},
        {"HTTP/2.0", with_line("GET / HTTP/2.0"), 505, ""},
        {"HTTP/1.2", with_line("GET / HTTP/1.2"), 505, ""},
        {"HTTP/0.9", with_line("GET / HTTP/0.9"), 505, ""},
        {"lower-case version", with_line("GET / http/1.1"), 400, "the request line does not end"},
        {"version of three digits", with_line("GET / HTTP/1.10"), 400, "the request line does not end"},
        {"version without dot", with_line("GET / HTTP/1"), 400, "the request line does not end"},
        {"another protocol", with_line("GET / RTSP/1.0"), 400, "the request line does not end"},
        {"TLS on a plain port", "\x16\x03\x01\x02\r\n\r\n"s, 400, "the request line is not"},
    });
}

BOOST_AUTO_TEST_CASE(a_malformed_field_is_refused) {
    check_all({
        {"folded", with_fields("A: b\r\n c\r\n"), 400, "a folded"},
        {"folded by tab", with_fields("A: b\r\n\tc\r\n"), 400, "a folded"},
        {"folded before any field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "a folded"},
        {"space before the colon", with_fields("Content-Length : 5\r\n"), 400, "a field name"},
        {"tab before the colon", with_fields("Content-Length\t: 5\r\n"), 400, "a field name"},
        {"space within the name", with_fields("Content Length: 5\r\n"), 400, "a field name"},
        {"no name", with_fields(": 5\r\n"), 400, "a field name"},
        {"no colon", with_fields("Content-Length\r\n"), 400, "a field line without"},
        {"NUL in the name", with_fields("A\0: 5\r\n"s), 400, "a field name"},
        {"8-bit name", with_fields("\xc3\xa4: 5\r\n"), 400, "a field name"},
        {"NUL in the value", with_fields("A: b\0c\r\n"s), 400, "a control character"},
        {"bare CR in the value", with_fields("A: b\rTransfer-Encoding: chunked\r\n"), 400, "a control character"},
        {"CR before CRLF", with_fields("A: b\r\r\n"), 400, "a control character"},
        {"DEL in the value", with_fields("A: \x7f\r\n"), 400, "a control character"},
        {"vertical tab around a coding", with_fields("Transfer-Encoding: \vchunked\r\n"), 400, "a control character"},
        {"bare LF between fields", with_fields("A: b\nContent-Length: 5\r\n"), 400, "a bare line ending"},
        {"bare LF before the empty line", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "a bare line ending"},
        {"more than one head", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n", 400, "bytes after"},
    });
}

BOOST_AUTO_TEST_CASE(framing_that_hides_a_second_request_is_refused) {
    check_all({
        {"both", with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400, ""},
        {"both, other order", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400, ""},
        {"zero length beside a coding", with_fields("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400, ""},
        {"identity", with_fields("Transfer-Encoding: identity\r\n"), 400, "Transfer-Encoding other"},
        {"identity beside a length", with_fields("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"), 400, ""},
        {"gzip, chunked", with_fields("Transfer-Encoding: gzip, chunked\r\n"), 400, "Transfer-Encoding other"},
        {"chunked, gzip", with_fields("Transfer-Encoding: chunked, gzip\r\n"), 400, ""},
        {"chunked, chunked", with_fields("Transfer-Encoding: chunked, chunked\r\n"), 400, ""},
        {"two fields", with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, ""},
        {"two fields, one unknown", with_fields("Transfer-Encoding: chunked\r\ntransfer-encoding: cow\r\n"), 400, ""},
        {",chunked", with_fields("Transfer-Encoding: ,chunked\r\n"), 400, "Transfer-Encoding other"},
        {"chunked,", with_fields("Transfer-Encoding: chunked,\r\n"), 400, "Transfer-Encoding other"},
        {"chunked with a parameter", with_fields("Transfer-Encoding: chunked;q=1\r\n"), 400, "Transfer-Encoding other"},
        {"quoted", with_fields("Transfer-Encoding: \"chunked\"\r\n"), 400, "Transfer-Encoding other"},
        {"xchunked", with_fields("Transfer-Encoding: xchunked\r\n"), 400, "Transfer-Encoding other"},
        {"empty", with_fields("Transfer-Encoding:\r\n"), 400, "Transfer-Encoding other"},
        {"no-break space", with_fields("Transfer-Encoding: \xa0"s + "chunked\r\n"), 400, "Transfer-Encoding other"},
        {"HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
         "Transfer-Encoding in HTTP/1.0"},
        {"two lengths", with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"), 400, ""},
        {"two equal lengths", with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), 400, "more than one"},
        {"a list of lengths", with_fields("Content-Length: 5, 5\r\n"), 400, ""},
        {"signed", with_fields("Content-Length: +5\r\n"), 400, ""},
        {"negative", with_fields("Content-Length: -5\r\n"), 400, ""},
        {"hexadecimal", with_fields("Content-Length: 0x5\r\n"), 400, ""},
        {"a fraction", with_fields("Content-Length: 5.0\r\n"), 400, ""},
        {"empty length", with_fields("Content-Length:\r\n"), 400, ""},
        {"inner space", with_fields("Content-Length: 5 5\r\n"), 400, ""},
        {"past 64 bits", with_fields("Content-Length: 18446744073709551616\r\n"), 400, ""},
        {"past 63 bits", with_fields("Content-Length: 9223372036854775808\r\n"), 400, "the Content-Length"},
        {"arabic digits", with_fields("Content-Length: \xd9\xa5\r\n"), 400, ""},
    });
}

BOOST_AUTO_TEST_CASE(exactly_one_valid_host_is_needed) {
    check_all({
        {"none", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, "exactly one Host"},
        {"no fields at all", "GET / HTTP/1.1\r\n\r\n", 400, "exactly one Host"},
        {"two", with_fields("Host: b\r\n"), 400, "exactly one Host"},
        {"two equal", with_fields("hOST: a\r\n"), 400, "exactly one Host"},
        {"two in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400, "exactly one Host"},
        {"bad in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400, "the Host field"},
    });
    for (const char* bad : {"",
                            "a b",
                            "a/b",
                            "a@b",
                            "http://a",
                            "a:b",
                            "a:",
                            ":80",
                            "a:80:80",
                            "a:65536",
                            "a:-1",
                            "[::1",
                            "::1",
                            "[::1]x",
                            "[::1]80",
                            "[]",
                            "[a]",
                            "[::1%25eth0]",
                            "a%",
                            "a%2",
                            "a%2g",
                            "a?b",
                            "a#b",
                            "a\\b",
                            "\xc3\xa4.de",
                            "a, b",
                            "<a>",
                            "[1.2.3.4]",
                            "a:99999999999999999999"}) {
        request into;
        BOOST_TEST(!read_head(with_host(bad), into), bad);
    }
    for (const char* good : {"a", "A.example.com", "localhost:8443", "127.0.0.1:65535", "[::1]", "[2001:db8::1]:443",
                             "a_b-c~d.e", "xn--bcher-kva.example", "a%20b", "a:0"}) {
        request into;
        BOOST_TEST(!!read_head(with_host(good), into), good);
    }
}

BOOST_AUTO_TEST_CASE(a_host_is_not_asked_of_http_1_0) {
    request into;
    const auto read = read_head("GET / HTTP/1.0\r\n\r\n", into);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->http_1_0);
    BOOST_TEST(!read->keep_alive);
}

BOOST_AUTO_TEST_CASE(the_connection_field_says_whether_to_go_on) {
    request into;
    const auto keeps = [&](const std::string& version, const std::string& connection) {
        return read_head("GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n", into)->keep_alive;
    };
    BOOST_TEST(keeps("1.1", ""));
    BOOST_TEST(!keeps("1.1", "Connection: close\r\n"));
    BOOST_TEST(!keeps("1.1", "Connection: upgrade,\tClose\r\n"));
    BOOST_TEST(!keeps("1.1", "Connection: upgrade\r\nConnection: close\r\n"));
    BOOST_TEST(!keeps("1.1", "Connection: keep-alive, close\r\n"));
    BOOST_TEST(keeps("1.0", "Connection: Keep-Alive\r\n"));
    BOOST_TEST(!keeps("1.0", ""));
    BOOST_TEST(!keeps("1.0", "Connection: closed\r\n"));
}

BOOST_AUTO_TEST_CASE(a_chunked_body_is_recognised_in_any_case) {
    request into;
    const auto read = read_head(with_fields("transfer-ENCODING:  Chunked \r\n"), into);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->chunked);
    BOOST_TEST(read->has_body());
    BOOST_TEST(!read->length.has_value());
}

BOOST_AUTO_TEST_CASE(an_expectation_is_met_or_refused) {
    request into;
    const auto plain = read_head(with_fields("Expect: 100-Continue\r\nContent-Length: 5\r\n"), into);
    BOOST_REQUIRE(plain);
    BOOST_TEST(plain->expects_continue);
    const auto bodiless = read_head(with_fields("Expect: 100-continue\r\n"), into);
    BOOST_REQUIRE(bodiless);
    BOOST_TEST(!bodiless->expects_continue);
    const auto old = read_head("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", into);
    BOOST_REQUIRE(old);
    BOOST_TEST(!old->expects_continue);
    check_all({
        {"another", with_fields("Expect: 200-ok\r\n"), 417, ""},
        {"empty", with_fields("Expect:\r\n"), 417, ""},
        {"two", with_fields("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417, ""},
    });
}

BOOST_AUTO_TEST_CASE(the_end_of_a_head_is_found_however_it_arrives) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    const std::size_t end = bytes.size() - 4;
    BOOST_TEST(end_of_head(bytes, 0).value() == end);
    for (std::size_t searched = 0; searched < end; ++searched) {
        BOOST_TEST(!end_of_head(std::string_view(bytes).substr(0, searched), 0));
        BOOST_TEST(end_of_head(bytes, searched).value() == end);
    }
}

BOOST_AUTO_TEST_CASE(a_head_that_cannot_become_good_is_refused_before_it_is_whole) {
    for (const std::string& bad :
         {"GET / HTTP/1.1\n"s, "GET / HTTP/1.1\r\nA: b\n"s, "\n"s, "\r\n"s, "\x16\x03\x01"s, "GET /\0"s, "GET /\rX"s}) {
        BOOST_TEST(check_partial_head(bad, 0).has_value(), bad);
    }
    const std::string good = "GET / HTTP/1.1\r\nHost: a\r\n\r";
    for (std::size_t size = 0; size < good.size(); ++size) {
        for (std::size_t searched = 0; searched <= size; ++searched) {
            BOOST_TEST(!check_partial_head(std::string_view(good).substr(0, size), searched).has_value());
        }
    }
    const std::string split = "GET / HTTP/1.1\rX";
    BOOST_TEST(check_partial_head(split, split.size() - 1).has_value());
}

BOOST_AUTO_TEST_CASE(any_single_byte_changed_to_a_control_character_is_refused) {
    const std::string head = "POST /hooks HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-A: b\r\n\r\n";
    for (std::size_t i = 0; i < head.size(); ++i) {
        for (const char c : {'\0', '\r', '\n', '\x01', '\x0b', '\x7f'}) {
            std::string changed = head;
            changed[i] = c;
            if (changed == head) {
                continue;
            }
            request into;
            BOOST_TEST(!read_head(changed, into), "byte " << i << " became " << int(c));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_head_that_is_cut_off_anywhere_is_refused) {
    const std::string head = "POST /hooks HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size) {
        request into;
        BOOST_TEST(!read_head(std::string_view(head).substr(0, size), into));
    }
}

} // namespace
