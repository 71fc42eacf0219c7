// Responses, whole and broken, in pieces of every size.
#include "http/client_parser.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace {

using seedhook::errc;
using seedhook::http::response_parser;

struct outcome {
    std::optional<errc> failed;
    bool done = false;
    unsigned status = 0;
    std::string body;
    std::size_t left = 0; // bytes after the message
    bool reusable = false;
    std::size_t fields = 0;
};

// Feeds `text` as a connection would that brings `piece` bytes at a time, and then its end when `ends`.
outcome read(std::string_view text, std::size_t piece, bool ends = false, bool without_body = false) {
    response_parser parser(without_body);
    outcome out;
    std::string buffer;
    while (!parser.done()) {
        if (text.empty()) {
            if (ends && !parser.feed_end()) {
                out.failed = errc::protocol;
            }
            break;
        }
        buffer += text.substr(0, piece);
        text.remove_prefix(std::min(piece, text.size()));
        while (!buffer.empty() && !parser.done()) {
            const auto step = parser.feed(buffer);
            if (!step) {
                out.failed = step.error().code;
                return out;
            }
            out.body.append(step->body.data(), step->body.size());
            buffer.erase(0, step->used);
            if (step->hungry) {
                break;
            }
        }
    }
    out.done = parser.done();
    out.left = buffer.size() + text.size();
    out.status = parser.head().status;
    out.fields = parser.head().fields.size();
    out.reusable = out.done && parser.reusable();
    return out;
}

void breaks(std::string_view text, bool ends = false) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
        const outcome out = read(text, piece, ends);
        BOOST_REQUIRE_MESSAGE(out.failed, text);
        BOOST_TEST((*out.failed == errc::protocol), text);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_parser)

BOOST_AUTO_TEST_CASE(a_response_reads_the_same_in_pieces_of_any_size) {
    const std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const outcome out = read(text, piece);
        BOOST_TEST_CONTEXT("pieces of " << piece) {
            BOOST_TEST(out.done);
            BOOST_TEST(out.status == 200);
            BOOST_TEST(out.body == "hello world");
            BOOST_TEST(out.fields == 2);
            BOOST_TEST(out.reusable);
        }
    }
}

BOOST_AUTO_TEST_CASE(chunked_bodies_are_put_together_and_their_trailers_dropped) {
    const std::string_view text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nhello\r\n6;ext=\"v\"\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const outcome out = read(text, piece);
        BOOST_TEST_CONTEXT("pieces of " << piece) {
            BOOST_TEST(out.done);
            BOOST_TEST(out.body == "hello world");
            BOOST_TEST(out.fields == 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_body_without_length_ends_with_the_connection) {
    const outcome out = read("HTTP/1.1 200 OK\r\n\r\nall there is", 5, true);
    BOOST_TEST(out.done);
    BOOST_TEST(out.body == "all there is");
    BOOST_TEST(!out.reusable);
}

BOOST_AUTO_TEST_CASE(some_responses_have_no_body_whatever_they_say) {
    BOOST_TEST(read("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 99).done);
    BOOST_TEST(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 99).done);
    BOOST_TEST(read("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 99).done);
    BOOST_TEST(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 99, false, true).done);
}

BOOST_AUTO_TEST_CASE(what_follows_a_response_is_left_alone) {
    const outcome out = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", 99);
    BOOST_TEST(out.done);
    BOOST_TEST(out.body == "ok");
    BOOST_TEST(out.left == 17);
}

BOOST_AUTO_TEST_CASE(a_response_that_asks_to_close_is_not_reusable) {
    BOOST_TEST(!read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 99).reusable);
    BOOST_TEST(!read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 99).reusable);
    BOOST_TEST(read("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 99).reusable);
}

BOOST_AUTO_TEST_CASE(a_response_shorter_than_its_length_is_broken) {
    breaks("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello", true);
    breaks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", true);
    breaks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", true);
    breaks("HTTP/1.1 200 OK\r\nContent-Le", true);
}

BOOST_AUTO_TEST_CASE(ambiguous_framing_is_broken) {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    breaks(ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
    breaks(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    breaks(ok + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\n");
    breaks(ok + "Transfer-Encoding: identity\r\n\r\n");
    breaks(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n");
    breaks(ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
    breaks(ok + "Transfer-Encoding: xchunked\r\n\r\n");
    breaks(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n");
    breaks(ok + "Content-Length: -5\r\n\r\n");
    breaks(ok + "Content-Length: 0x5\r\n\r\n");
    breaks(ok + "Content-Length: 99999999999999999999999\r\n\r\n");
    breaks("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(what_is_no_http_response_is_broken) {
    breaks("SSH-2.0-OpenSSH_9.2p1\r\n", true);
    breaks("HTTP/2.0 200 OK\r\n\r\n");
    breaks("HTTP/1.1 20 OK\r\n\r\n");
    breaks("HTTP/1.1 099 OK\r\n\r\n");
    breaks("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    breaks("HTTP/1.1 200 OK\r\nno colon\r\n\r\n");
    breaks("HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n");
    breaks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    breaks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n");
    breaks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n");
}

BOOST_AUTO_TEST_CASE(a_head_over_its_limit_is_broken_in_one_field_or_in_many) {
    breaks("HTTP/1.1 200 OK\r\nX: " + std::string(33 * 1024, 'x') + "\r\n\r\n");
    breaks("HTTP/1.1 200 " + std::string(33 * 1024, 'x'));
    std::string many = "HTTP/1.1 200 OK\r\n";
    while (many.size() < 33 * 1024) {
        many += "X-Field: " + std::string(100, 'y') + "\r\n";
    }
    breaks(many + "\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
