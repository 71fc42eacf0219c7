// The gateway over real connections: an app, our server, our client, and an upstream that does as it is told.
#include "memory_store.hpp"
#include "scripted_peer.hpp"
#include "seedhook/async/time_limit.hpp"
#include "seedhook/gateway/gateway.hpp"
#include "seedhook/http/server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

using namespace seedhook;
using namespace std::chrono_literals;

namespace {

using answer = result<http::client_response>;

http::client_settings to_loopback() {
    http::client_settings s = gateway_client_settings();
    s.total_timeout = 10s;
    return s;
}

struct collected final : http::byte_sink {
    std::string body;
    duration pause{0};

    awaitable<result<void>> begin(const http::client_response&) override { co_return result<void>(); }
    awaitable<result<void>> write(std::span<const char> data) override {
        body.append(data.data(), data.size());
        const bool slept = co_await sleep_for(pause);
        co_return slept ? result<void>() : result<void>(error(errc::cancelled, "stopped"));
    }
};

class world {
public:
    explicit world(scripted_peer::script upstream_does) : peer({std::move(upstream_does)}) {
        auto made = std::make_shared<upstreams>();
        const config::secret key("sd2_live_1");
        made->push_back({"main", seedance::api_address(peer.url(""), key), key, "https://hooks.example/hooks"});
        sources_ = std::move(made);
        front_desk_context desk{store, *client_, system_clock(), {}, {}, {}};
        desk.sources = [this] { return sources_; };
        desk.routes = [] { return std::make_shared<const routing>(std::vector<route>()); };
        desk.ask_at = [](const std::string&, const std::string&, time_point now, callbacks) { return now; };
        desk_ = make_front_desk(std::move(desk));
        auto router = std::make_shared<http::router>();
        gateway_context with{*desk_, *client_, passages_, [this] { return sources_; }, config::secret()};
        add_gateway_endpoints(*router, std::move(with));
        server_ = http::make_server(context_.get_executor(), router, {}, http::admission::make());
        auto socket = http::open_listening_socket("127.0.0.1:0");
        name_ = socket.value().name();
        server_->listen(std::move(*socket), nullptr);
    }
    ~world() {
        stop(0ms);
        client_->close();
        app_->close();
    }

    http::client_request get(std::string path) const {
        http::client_request out;
        out.url = "http://" + name_ + "/api/open/v1" + path;
        return out;
    }
    answer download(http::client_request what, http::byte_sink& into) {
        return finish(app_->download(std::move(what), into));
    }
    answer send(http::client_request what) { return finish(app_->send(std::move(what))); }

    // The app goes away after that time.
    answer give_up_after(duration time, http::client_request what) {
        asio::cancellation_signal gone;
        asio::steady_timer timer(context_, time);
        timer.async_wait([&gone](const boost::system::error_code&) { gone.emit(asio::cancellation_type::terminal); });
        return finish(app_->send(std::move(what)), gone.slot());
    }
    void run_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        while (!done() && std::chrono::steady_clock::now() < deadline) {
            context_.run_one_for(10ms);
        }
        BOOST_TEST(done());
    }
    void stop(duration grace) {
        if (std::exchange(stopped_, true)) {
            return;
        }
        bool ended = false;
        const auto all = [](http::server& server, task_group& passages, duration time, bool& done) -> awaitable<> {
            co_await server.stop(time);
            co_await passages.drained();
            done = true;
        };
        asio::co_spawn(context_, all(*server_, passages_, grace, ended), asio::detached);
        run_until([&ended] { return ended; });
    }

    test::memory_store store;
    scripted_peer peer;

private:
    answer finish(awaitable<answer> call, asio::cancellation_slot slot = {}) {
        std::optional<answer> out;
        asio::co_spawn(context_, std::move(call),
                       asio::bind_cancellation_slot(
                           slot, [&out](const std::exception_ptr&, answer got) { out.emplace(std::move(got)); }));
        run_until([&out] { return out.has_value(); });
        return out.value();
    }

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    task_group passages_{context_.get_executor()};
    std::unique_ptr<http::client> client_ = http::make_client(context_.get_executor(), to_loopback(), nullptr);
    std::unique_ptr<http::client> app_ = http::make_client(context_.get_executor(), to_loopback(), nullptr);
    std::shared_ptr<const upstreams> sources_;
    std::unique_ptr<front_desk> desk_;
    std::unique_ptr<http::server> server_;
    std::string name_;
    bool stopped_ = false;
};

// Answers every request on a connection with these bytes, then does no more.
scripted_peer::script saying(std::string bytes) {
    return [bytes = std::move(bytes)](scripted_peer::conversation& with) {
        if (!with.read_head().empty()) {
            with.send(bytes);
        }
    };
}

std::string many_bytes(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = static_cast<char>('a' + (i * i + i / 251) % 26);
    }
    return out;
}

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_arrives_byte_by_byte) {
    const std::string body = many_bytes(3'000'000);
    const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body;
    const std::string chunked = chunked_head + "2dc6c0\r\n" + body + "\r\n0\r\n\r\n";
    for (const std::string& bytes : {sized, chunked}) {
        for (const duration pause : {0ms, 5ms}) {
            world w(saying(bytes));
            collected into;
            into.pause = pause;
            const auto got = w.download(w.get("/models"), into);
            BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
            BOOST_TEST(got->status == 200U);
            BOOST_TEST((into.body == body));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_upstream_breaks_off_never_looks_whole) {
    for (const std::string& bytes :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true}"),
          chunked_head + "10\r\n{\"success\":true}\r\n", chunked_head + "20\r\n{\"success\":true}"}) {
        world w(saying(bytes));
        collected into;
        const auto got = w.download(w.get("/video/generations/req_1"), into);
        const bool whole = got && got->status == 200;
        BOOST_TEST(!whole, bytes);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_says_it_is_too_large_is_not_begun) {
    world w(saying("HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\nx"));
    BOOST_TEST(w.send(w.get("/models")).value().status == 502U);
}

BOOST_AUTO_TEST_CASE(an_upstream_that_is_not_there_is_said_so) {
    world w([](scripted_peer::conversation& with) { with.reset(); });
    const auto got = w.send(w.get("/models")).value();
    BOOST_TEST(got.status == 502U);
    BOOST_TEST(got.body.find("upstream_failed") != std::string::npos, got.body);
}

BOOST_AUTO_TEST_CASE(an_app_that_goes_away_ends_the_question_to_upstream) {
    world w([](scripted_peer::conversation& with) {
        with.read_head();
        with.send(chunked_head + "5\r\nhello\r\n");
        with.wait_for_close();
    });
    const auto got = w.give_up_after(100ms, w.get("/models"));
    BOOST_CHECK(got.error().code == errc::cancelled);
    w.stop(0ms);
    w.peer.wait_for_ends(1);
}

BOOST_AUTO_TEST_CASE(a_submission_goes_on_when_the_app_goes_away) {
    const std::string body = R"({"success":true,"requestId":"req_1","status":"queued"})";
    world w([&body](scripted_peer::conversation& with) {
        with.read_head();
        with.pause(300ms);
        with.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    });
    http::client_request what = w.get("/video/generations");
    what.method = "POST";
    what.body = R"({"model":"seedance-2.0","prompt":"a river"})";
    const auto got = w.give_up_after(100ms, std::move(what));
    BOOST_CHECK(got.error().code == errc::cancelled);
    w.run_until([&w] { return !w.store.all.empty(); });
    BOOST_TEST(w.store.all.at(0).of.request_id == "req_1");
    BOOST_TEST(w.store.submissions.empty());
}

BOOST_AUTO_TEST_CASE(a_stop_tells_of_the_submission_under_way) {
    world w([](scripted_peer::conversation& with) {
        with.read_head();
        with.wait_for_close();
    });
    http::client_request what = w.get("/video/generations");
    what.method = "POST";
    what.body = "{}";
    BOOST_TEST(w.give_up_after(100ms, std::move(what)).has_error());
    w.stop(50ms);
    BOOST_REQUIRE_EQUAL(w.store.submissions.size(), 1U);
    BOOST_TEST(w.store.submissions[0].lost == "seedhook was stopped before upstream's answer came");
}
