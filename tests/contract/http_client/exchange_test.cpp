// One request, one response: what goes out, and what comes of every kind of answer.
#include "client_world.hpp"

#include <cstdio>

namespace seedhook::test {

namespace {

using conversation = scripted_peer::conversation;

// A peer that reads a request, sends `bytes` and closes.
scripted_peer::script saying(std::string bytes) {
    return [bytes = std::move(bytes)](conversation& with) {
        with.read_head();
        with.send(bytes);
    };
}

// Letters that tell their place, given out in small pieces; may fail at a place.
struct letters : http::upload_source {
    explicit letters(std::uint64_t size) : size_(size) {}

    static char at(std::uint64_t place) { return static_cast<char>('a' + place % 23); }

    std::uint64_t size() const noexcept override { return size_; }
    awaitable<result<std::size_t>> read_at(std::uint64_t offset, std::span<char> into) override {
        if (fail_at && offset >= *fail_at) {
            co_return failure;
        }
        const std::size_t count = std::min<std::size_t>({into.size(), 10007, static_cast<std::size_t>(size_ - offset)});
        for (std::size_t i = 0; i < count; ++i) {
            into[i] = at(offset + i);
        }
        co_return count;
    }

    std::optional<std::uint64_t> fail_at;
    result<std::size_t> failure = error(errc::io, "the disk is gone");

private:
    std::uint64_t size_;
};

http::client_request put(std::string url, std::shared_ptr<http::upload_source> body) {
    http::client_request out;
    out.method = "PUT";
    out.url = std::move(url);
    out.upload = std::move(body);
    return out;
}

std::string all_letters(std::size_t size) {
    std::string out(size, ' ');
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = letters::at(i);
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_exchange)

BOOST_AUTO_TEST_CASE(a_request_carries_host_defaults_and_the_callers_fields) {
    scripted_peer peer({answering(ok("hello"))});
    auto settings = loopback_settings();
    settings.user_agent = "seedhook/test";
    client_world world(settings);
    auto what = get(peer.url("/a/b?c=d#part"));
    what.fields = {{"X-One", "1"}, {"Range", "bytes=5-"}};
    const auto got = world.send(what).value();
    BOOST_TEST(got.status == 200);
    BOOST_TEST(got.body == "hello");
    BOOST_TEST(got.find("content-LENGTH").value() == "5");
    BOOST_TEST(!got.find("X-None"));
    BOOST_TEST(got.final_url == peer.url("/a/b?c=d"));
    BOOST_TEST(peer.heads().at(0) == "GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) +
                                         "\r\nX-One: 1\r\nRange: bytes=5-\r\nUser-Agent: seedhook/test\r\n"
                                         "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_body_is_sent_whole_whatever_its_size) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{64 * 1024}, std::size_t{3000000}}) {
        std::string received;
        scripted_peer peer({[&received, size](conversation& with) {
            with.read_head();
            received = with.read_exactly(size);
            with.send(ok(""));
        }});
        client_world world;
        auto what = get(peer.url("/"));
        what.method = "POST";
        what.body = std::string(size, 'x');
        BOOST_TEST(world.send(what).value().status == 200);
        BOOST_TEST(peer.heads().at(0).find("\r\nContent-Length: " + std::to_string(size) + "\r\n") !=
                   std::string::npos);
        BOOST_TEST((received == what.body));
    }
}

BOOST_AUTO_TEST_CASE(an_upload_is_sent_whole_whatever_its_size) {
    for (const std::size_t size : {0U, 1U, 10007U, 300000U, 5000000U}) {
        std::string head;
        std::string body;
        scripted_peer peer({[&](auto& c) {
            head = c.read_head();
            body = c.read_exactly(size);
            c.send(ok("done"));
        }});
        client_world world;
        auto got = world.send(put(peer.url("/"), std::make_shared<letters>(size)));
        BOOST_REQUIRE(got);
        BOOST_TEST(got->body == "done");
        BOOST_TEST(head.find("\r\nContent-Length: " + std::to_string(size) + "\r\n") != std::string::npos);
        BOOST_TEST((body == all_letters(size)));
    }
}

BOOST_AUTO_TEST_CASE(an_upload_is_sent_again_from_its_start_when_a_kept_connection_was_closed) {
    std::string second;
    scripted_peer peer({[&](auto& c) {
                            c.read_head();
                            c.send(ok("first"));
                            c.read_head(); // and part of the body
                            c.read_exactly(5000);
                        },
                        [&](auto& c) {
                            c.read_head();
                            second = c.read_exactly(400000);
                            c.send(ok("second"));
                        }});
    client_world world;
    BOOST_REQUIRE(world.send(get(peer.url("/"))));
    auto got = world.send(put(peer.url("/"), std::make_shared<letters>(400000)));
    BOOST_REQUIRE(got);
    BOOST_TEST(got->body == "second");
    BOOST_TEST((second == all_letters(400000)));
}

BOOST_AUTO_TEST_CASE(an_upload_that_cannot_be_read_ends_the_exchange_with_its_error) {
    for (const bool shrinks : {false, true}) {
        scripted_peer peer({[](auto& c) {
            c.read_head();
            c.wait_for_close();
        }});
        client_world world;
        auto body = std::make_shared<letters>(900000);
        body->fail_at = 400000;
        if (shrinks) {
            body->failure = std::size_t{0};
        }
        auto got = world.send(put(peer.url("/"), body));
        BOOST_REQUIRE(!got);
        BOOST_CHECK(got.error().code == errc::io);
    }
}

BOOST_AUTO_TEST_CASE(any_status_is_a_success) {
    for (const char* status : {"200", "404", "500", "302", "999"}) {
        scripted_peer peer({saying(std::string("HTTP/1.1 ") + status + " X\r\nContent-Length: 0\r\n\r\n")});
        client_world world;
        BOOST_TEST(std::to_string(world.send(peer.url("/")).value().status) == status);
    }
}

BOOST_AUTO_TEST_CASE(a_download_streams_the_body_to_the_sink_after_the_head) {
    std::string body(3000000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) {
        body[i] = static_cast<char>(i * 7 + i / 251);
    }
    scripted_peer peer({answering(ok(body))});
    client_world world;
    collecting_sink sink;
    const auto got = world.download(get(peer.url("/")), sink);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->body.empty());
    BOOST_TEST((sink.body == body));
    BOOST_TEST(sink.head.value().status == 200);
    BOOST_TEST(sink.head.value().final_url == peer.url("/"));
}

BOOST_AUTO_TEST_CASE(chunked_bodies_come_out_whole_and_in_large_pieces) {
    std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string body;
    for (int i = 0; i < 20000; ++i) {
        const std::string piece = "piece " + std::to_string(i) + ",";
        char size[16];
        std::snprintf(size, sizeof size, "%zx", piece.size());
        text += std::string(size) + "\r\n" + piece + "\r\n";
        body += piece;
    }
    text += "0\r\nX-Trailer: x\r\n\r\n";
    scripted_peer peer({answering(text)});
    client_world world;
    collecting_sink sink;
    BOOST_REQUIRE(world.download(get(peer.url("/")), sink));
    BOOST_TEST((sink.body == body));
    BOOST_TEST(sink.writes < 1000);
    BOOST_TEST(world.send(peer.url("/")).value().body.size() == body.size());
    BOOST_TEST(peer.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_body_without_length_ends_with_the_connection) {
    scripted_peer peer({saying("HTTP/1.1 200 OK\r\n\r\nas long as it lasts")});
    client_world world;
    BOOST_TEST(world.send(peer.url("/")).value().body == "as long as it lasts");
}

BOOST_AUTO_TEST_CASE(responses_that_have_no_body_do_not_wait_for_one) {
    for (const char* text :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9000000\r\n\r\n"}) {
        scripted_peer peer({answering(text)});
        client_world world;
        BOOST_TEST(world.send(peer.url("/")).value().body == "");
        BOOST_TEST(world.send(peer.url("/")).value().body == "");
        BOOST_TEST(peer.connections() == 1);
    }
    scripted_peer peer({answering("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")});
    client_world world;
    auto head = get(peer.url("/"));
    head.method = "HEAD";
    BOOST_TEST(world.send(head).value().find("Content-Length").value() == "5000000");
    BOOST_TEST(world.send(head).value().status == 200);
    BOOST_TEST(peer.connections() == 1);
}

BOOST_AUTO_TEST_CASE(interim_responses_are_skipped) {
    scripted_peer peer(
        {answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("x"))});
    client_world world;
    const auto got = world.send(peer.url("/")).value();
    BOOST_TEST(got.status == 200);
    BOOST_TEST(!got.find("Link"));
}

BOOST_AUTO_TEST_CASE(a_flood_of_interim_responses_is_broken_off) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        while (with.send("HTTP/1.1 100 Continue\r\n\r\n")) {
        }
    }});
    client_world world;
    failed_with(world.send(peer.url("/")), errc::protocol, "interim");
}

BOOST_AUTO_TEST_CASE(an_endless_head_is_broken_off) {
    for (const char* piece :
         {"X-Field: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", "xxxxxxxxxxxxxxxxxxxxxxx"}) {
        scripted_peer peer({[piece](conversation& with) {
            with.read_head();
            with.send("HTTP/1.1 200 OK\r\n");
            while (with.send(piece)) {
            }
        }});
        client_world world;
        failed_with(world.send(peer.url("/")), errc::protocol);
    }
}

BOOST_AUTO_TEST_CASE(an_endless_chunk_line_is_broken_off) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;");
        while (with.send(std::string(1000, 'x'))) {
        }
    }});
    client_world world;
    failed_with(world.send(peer.url("/")), errc::protocol);
}

BOOST_AUTO_TEST_CASE(a_response_that_is_cut_is_a_broken_one) {
    for (const char* text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 200 OK\r\nConte"}) {
        scripted_peer peer({saying(text)});
        client_world world;
        failed_with(world.send(peer.url("/")), errc::protocol, "127.0.0.1: broken response");
        collecting_sink sink;
        failed_with(world.download(get(peer.url("/")), sink), errc::protocol);
    }
}

BOOST_AUTO_TEST_CASE(what_came_before_the_cut_reaches_the_sink) {
    scripted_peer peer({saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")});
    client_world world;
    collecting_sink sink;
    failed_with(world.download(get(peer.url("/")), sink), errc::protocol);
    BOOST_TEST(sink.body == "hello");
}

BOOST_AUTO_TEST_CASE(a_connection_without_answer_or_with_a_reset_is_a_network_failure) {
    scripted_peer silent({[](conversation& with) { with.read_head(); }});
    client_world world;
    failed_with(world.send(silent.url("/")), errc::network, "127.0.0.1");
    scripted_peer resetting({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel");
        with.pause(50ms);
        with.reset();
    }});
    failed_with(world.send(resetting.url("/")), errc::network, "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(nonsense_is_a_broken_response) {
    for (const char* text : {"220 smtp.example ESMTP\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n",
                             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "HTTP/3 200\r\n\r\n"}) {
        scripted_peer peer({saying(text)});
        client_world world;
        failed_with(world.send(peer.url("/")), errc::protocol);
    }
}

BOOST_AUTO_TEST_CASE(send_keeps_to_its_response_limit) {
    scripted_peer sized({answering(ok(std::string(1001, 'x')))});
    scripted_peer chunked({answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                                     std::string(1000, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n")});
    client_world world;
    for (const scripted_peer* peer : {&sized, &chunked}) {
        auto what = get(peer->url("/"));
        what.response_limit = 1000;
        failed_with(world.send(what), errc::too_large, "1000 bytes");
        what.response_limit = 1001;
        BOOST_TEST(world.send(what).value().body.size() == 1001);
        collecting_sink sink;
        what.response_limit = 1;
        BOOST_TEST(world.download(what, sink).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_sinks_error_ends_the_transfer_with_that_error) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nx");
        with.wait_for_close();
    }});
    client_world world;
    collecting_sink first;
    first.fail_begin = error(errc::too_large, "too long");
    failed_with(world.download(get(peer.url("/")), first), errc::too_large, "too long");
    BOOST_TEST(first.writes == 0);
    collecting_sink second;
    second.fail_write = error(errc::no_space, "full");
    failed_with(world.download(get(peer.url("/")), second), errc::no_space, "full");
    peer.wait_for_ends(2); // both connections were closed
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_before_the_body_is_sent_counts) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
        with.read_exactly(20000000);
    }});
    client_world world;
    auto what = get(peer.url("/"));
    what.method = "POST";
    what.body = std::string(20000000, 'x');
    BOOST_TEST(world.send(what).value().status == 413);
}

BOOST_AUTO_TEST_CASE(control_characters_and_fields_that_frame_are_refused_before_connecting) {
    scripted_peer peer({answering(ok(""))});
    client_world world;
    const std::string url = peer.url("/");
    failed_with(world.send(url + "\r\nX: y"), errc::invalid);
    failed_with(world.send(url + std::string("\0", 1)), errc::invalid);
    failed_with(world.send("http://user:secret@127.0.0.1/"), errc::invalid);
    auto value = get(url);
    value.fields = {{"X-A", "b\r\nX-C: d"}};
    failed_with(world.send(value), errc::invalid);
    auto name = get(url);
    name.fields = {{"X-A: b\r\nX-C", "d"}};
    failed_with(world.send(name), errc::invalid);
    auto method = get(url);
    method.method = "GET / HTTP/1.1\r\nX:";
    failed_with(world.send(method), errc::invalid);
    auto framing = get(url);
    framing.fields = {{"transfer-encoding", "chunked"}};
    failed_with(world.send(framing), errc::invalid);
    BOOST_TEST(peer.connections() == 0);
}

BOOST_AUTO_TEST_CASE(several_calls_at_once_share_a_client) {
    scripted_peer peer({[](conversation& with) {
        while (true) {
            const std::string head = with.read_head();
            if (head.empty()) {
                return;
            }
            with.pause(50ms);
            with.send(ok(head.substr(4, head.find(' ', 4) - 4)));
        }
    }});
    client_world world;
    std::vector<std::optional<answer>> got(10);
    for (std::size_t i = 0; i < got.size(); ++i) {
        world.start(world.client().send(get(peer.url("/" + std::to_string(i)))), got[i]);
    }
    const auto took = time_of([&] {
        world.run_until([&got] { return std::all_of(got.begin(), got.end(), [](const auto& one) { return !!one; }); });
    });
    for (std::size_t i = 0; i < got.size(); ++i) {
        BOOST_TEST(got[i]->value().body == "/" + std::to_string(i));
    }
    BOOST_TEST(took < 400ms);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
