// The API's client over the real HTTP client, against a peer that says any bytes at any time: whatever an upstream or
// somebody on the way does, a call ends, with the right kind of failure, and the key goes to the base URL alone.
#include "scripted_peer.hpp"
#include "seedhook/seedance/api.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace seedhook::test {
namespace {

using namespace std::chrono_literals;
using conversation = scripted_peer::conversation;
using kind = seedance::api_failure::kind;

const std::string api_key = "sd2_live_7f3b9c2e51a84d60";
const std::string report = R"({"success":true,"requestId":"req_1","status":"processing"})";

// The daemon's settings, but for the patience.
http::client_settings impatient() {
    auto settings = seedance::api_client_settings();
    settings.header_timeout = 200ms;
    settings.idle_timeout = 200ms;
    settings.total_timeout = 600ms;
    return settings;
}

class api_world {
public:
    explicit api_world(const scripted_peer& peer, http::client_settings settings = seedance::api_client_settings())
        : client_(http::make_client(context_.get_executor(), std::move(settings), nullptr)),
          api_(seedance::make_api(*client_, seedance::api_address(peer.url("/base/"), config::secret(api_key)))) {}
    ~api_world() { client_->close(); }

    auto submit() { return finish(api_->submit(R"({"prompt":"a river"})")); }
    auto status() { return finish(api_->status("req_1")); }
    auto cancel() { return finish(api_->cancel("req_1")); }
    auto models() { return finish(api_->models()); }

    void cancel_after(std::chrono::milliseconds delay) {
        timer_.expires_after(delay);
        timer_.async_wait([this](const boost::system::error_code&) { stop_.emit(asio::cancellation_type::terminal); });
    }

private:
    template <class T>
    seedance::api_result<T> finish(awaitable<seedance::api_result<T>> call) {
        std::optional<seedance::api_result<T>> out;
        const auto done = [&out](const std::exception_ptr& failed, seedance::api_result<T> value) {
            BOOST_REQUIRE(!failed); // nothing is ever thrown
            out.emplace(std::move(value));
        };
        asio::co_spawn(context_, std::move(call), asio::bind_cancellation_slot(stop_.slot(), done));
        while (!out) {
            context_.run_one();
        }
        return std::move(*out);
    }

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    asio::cancellation_signal stop_;
    asio::steady_timer timer_{context_};
    std::unique_ptr<http::client> client_;
    std::unique_ptr<seedance::api> api_;
};

std::string with_length(std::string_view head, std::string_view body) {
    return std::string(head) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string ok(std::string_view body) { return with_length("HTTP/1.1 200 OK\r\nContent-Type: application/json", body); }

// Answers every request on the connection.
scripted_peer::script answering(std::string response) {
    return [response = std::move(response)](conversation& with) {
        while (!with.read_head().empty() && with.send(response)) {
        }
    };
}

// Reads a request, sends these bytes and closes.
scripted_peer::script saying(std::string bytes) {
    return [bytes = std::move(bytes)](conversation& with) {
        with.read_head();
        with.send(bytes);
    };
}

template <class T>
void failed_with(const seedance::api_result<T>& got, kind what, std::string_view part = {}) {
    BOOST_REQUIRE(!got.has_value());
    BOOST_TEST(to_string(got.error().what) == to_string(what), got.error().message);
    BOOST_TEST(got.error().message.find(part) != std::string::npos, got.error().message);
    BOOST_TEST(got.error().message.find(api_key) == std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(api_over_http)

BOOST_AUTO_TEST_CASE(each_call_asks_what_the_api_documents) {
    scripted_peer peer({[](conversation& with) {
        for (const char* body : {R"({"success":true,"requestId":"req_1","status":"queued"})", report.c_str(),
                                 R"({"success":true})", R"({"success":true,"data":[]})"}) {
            const std::string head = with.read_head();
            if (head.find("/generations HTTP") != std::string::npos) {
                BOOST_TEST(with.read_exactly(20) == R"({"prompt":"a river"})");
            }
            with.send(ok(body));
        }
    }});
    api_world world(peer);
    BOOST_TEST(world.submit().value().request_id == "req_1");
    BOOST_TEST((world.status().value().report.status == task_status::processing));
    BOOST_TEST(world.cancel().value().body == R"({"success":true})");
    BOOST_TEST(world.models().value() == R"({"success":true,"data":[]})");
    const auto heads = peer.heads();
    const std::string generations = "/base/api/open/v1/video/generations";
    BOOST_TEST(heads.at(0).starts_with("POST " + generations + " HTTP/1.1\r\n"));
    BOOST_TEST(heads.at(0).find("\r\nContent-Type: application/json\r\n") != std::string::npos);
    BOOST_TEST(heads.at(1).starts_with("GET " + generations + "/req_1 HTTP/1.1\r\n"));
    BOOST_TEST(heads.at(2).starts_with("POST " + generations + "/req_1/cancel HTTP/1.1\r\n"));
    BOOST_TEST(heads.at(2).find("\r\nContent-Length: 0\r\n") != std::string::npos);
    BOOST_TEST(heads.at(3).starts_with("GET /base/api/open/v1/models HTTP/1.1\r\n"));
    for (const std::string& head : heads) {
        BOOST_TEST(head.find("\r\nAuthorization: Bearer " + api_key + "\r\n") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed_and_takes_the_key_nowhere) {
    for (const char* status : {"301", "302", "303", "307", "308"}) {
        scripted_peer elsewhere({answering(ok(report))});
        scripted_peer peer({answering(with_length(std::string("HTTP/1.1 ") + status + " Moved\r\nLocation: " +
                                                      elsewhere.url("/api/open/v1/video/generations/req_1"),
                                                  ""))});
        api_world world(peer);
        failed_with(world.status(), kind::upstream, "redirect");
        failed_with(world.submit(), kind::upstream, "redirect");
        failed_with(world.models(), kind::upstream, "redirect");
        BOOST_TEST(elsewhere.connections() == 0u);
        BOOST_TEST(peer.heads().size() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_off_is_none_wherever_it_is_cut) {
    const std::string whole = ok(report);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{9}, whole.find("\r\n\r\n"),
                                   whole.size() - report.size(), whole.size() - 1}) {
        BOOST_TEST_CONTEXT(size) {
            scripted_peer peer({saying(whole.substr(0, size))});
            api_world world(peer);
            failed_with(world.status(), kind::unreachable);
            const auto submitted = world.submit();
            failed_with(submitted, kind::unreachable, "the task may exist upstream");
            BOOST_TEST(submitted.error().task_may_exist);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_body_cut_off_without_a_length_is_malformed) {
    scripted_peer peer({saying("HTTP/1.1 200 OK\r\n\r\n" + report.substr(0, 40))});
    api_world world(peer);
    failed_with(world.status(), kind::malformed, "not valid JSON");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_http_are_no_answer) {
    for (const char* bytes : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "\x15\x03\x01\x00\x02\x02\x28", "{}\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}    "}) {
        scripted_peer peer({saying(bytes)});
        api_world world(peer);
        failed_with(world.status(), kind::unreachable);
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_answers_is_given_up_on) {
    scripted_peer peer({[](conversation& with) { with.wait_for_close(); }});
    api_world world(peer, impatient());
    failed_with(world.submit(), kind::unreachable, "the task may exist upstream");
}

BOOST_AUTO_TEST_CASE(an_answer_that_drips_is_given_up_on) {
    scripted_peer peer({[](conversation& with) {
        with.read_head();
        bool listening = with.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (listening && with.pause(20ms)) {
            listening = with.send(" ");
        }
    }});
    api_world world(peer, impatient());
    failed_with(world.status(), kind::unreachable, "600ms");
}

BOOST_AUTO_TEST_CASE(an_answer_over_a_mebibyte_is_malformed_whether_it_says_its_length_or_not) {
    const std::string huge(1024 * 1024 + 1, ' ');
    for (const std::string& answer :
         {ok(huge), "HTTP/1.1 200 OK\r\n\r\n" + huge, with_length("HTTP/1.1 500 Oops", huge),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")}) {
        scripted_peer peer({saying(answer)});
        api_world world(peer);
        failed_with(world.status(), kind::malformed, "1048576 bytes");
        const auto submitted = world.submit();
        failed_with(submitted, kind::malformed, "the task may exist upstream");
    }
    const std::string largest = report + std::string(1024 * 1024 - report.size(), ' ');
    scripted_peer peer({answering(ok(largest))});
    api_world world(peer);
    const auto got = world.status().value();
    BOOST_TEST(got.report.request_id == "req_1");
    BOOST_TEST(got.body.empty()); // too large to be kept
}

BOOST_AUTO_TEST_CASE(nobody_there_is_unreachable) {
    std::optional<scripted_peer> peer(std::in_place, std::vector<scripted_peer::script>{answering(ok(report))});
    api_world world(*peer);
    peer.reset();
    failed_with(world.status(), kind::unreachable);
}

BOOST_AUTO_TEST_CASE(errors_carry_status_code_and_waiting_time) {
    scripted_peer peer(
        {answering(with_length("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17",
                               R"({"success":false,"error":{"code":"rate_limited","message":"Too many requests"}})"))});
    api_world world(peer);
    const auto got = world.status();
    failed_with(got, kind::rate_limited, "the API answered 429 rate_limited: Too many requests");
    BOOST_TEST(got.error().status == 429u);
    BOOST_TEST((got.error().retry_after == 17s));
}

BOOST_AUTO_TEST_CASE(terminal_cancellation_ends_a_call_at_once) {
    scripted_peer peer({[](conversation& with) { with.wait_for_close(); }});
    api_world world(peer);
    world.cancel_after(50ms);
    failed_with(world.status(), kind::cancelled);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test
