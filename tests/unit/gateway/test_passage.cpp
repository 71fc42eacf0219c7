// The two sides of an answer on its way: neither runs ahead of the other, and neither is left waiting.
#include "gateway_bench.hpp"

#include "gateway/passage.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

using namespace seedhook;
using namespace seedhook::gateway;
using namespace seedhook::test;

namespace {

// Writes as told; counts what was taken.
class counting_upstream final : public http::client {
public:
    std::vector<std::string> pieces;
    std::optional<error> failure; // after the pieces
    bool hangs = false;           // after the pieces, until cancelled
    std::size_t written = 0;
    std::size_t calls = 0;
    std::string end; // how the call ended

    awaitable<result<http::client_response>> send(http::client_request) override {
        throw std::logic_error("nobody sends");
    }
    awaitable<result<http::client_response>> download(http::client_request, http::byte_sink& into) override {
        ++calls;
        http::client_response head;
        head.status = 200;
        auto going = co_await into.begin(head);
        for (std::size_t i = 0; going && i < pieces.size(); ++i) {
            ++written;
            going = co_await into.write(pieces[i]);
        }
        if (going && hangs) {
            const auto executor = co_await asio::this_coro::executor;
            asio::steady_timer never(executor, asio::steady_timer::time_point::max());
            boost::system::error_code stopped;
            co_await never.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
            going = error(errc::cancelled, "stopped");
        }
        if (going && failure) {
            going = *failure;
        }
        end = going ? "whole" : std::string(to_string(going.error().code));
        co_return going ? result<http::client_response>(head) : result<http::client_response>(going.error());
    }
    void close() override {}
};

// Lets everything else run as far as it can.
awaitable<> settle_down() {
    for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
}

upstream some_upstream() {
    const config::secret key(api_key);
    return {"main", seedance::api_address("https://main.example", key), key, ""};
}

// Runs `use` with the upstream and the answer passed through.
template <class Use>
void with_answer(counting_upstream& from, Use use) {
    const auto all = [](counting_upstream& client, Use& scenario) -> awaitable<bool> {
        const auto executor = co_await asio::this_coro::executor;
        task_group running(executor);
        const upstream of = some_upstream();
        http::client_request what;
        auto answer = co_await pass_through(client, running, of, std::move(what));
        co_await scenario(client, std::move(answer));
        co_await running.drained();
        co_return true;
    };
    BOOST_TEST(run_coroutine(all(from, use)));
}

} // namespace

BOOST_AUTO_TEST_CASE(upstream_is_not_read_ahead_of_a_slow_app) {
    counting_upstream from;
    from.pieces.assign(100, "0123456789");
    with_answer(from, [](counting_upstream& client, http::response answer) -> awaitable<> {
        std::string room(4, '\0');
        for (std::size_t taken_bytes = 0; taken_bytes < 1000;) {
            co_await settle_down();
            BOOST_TEST(client.written <= taken_bytes / 10 + 1);
            const auto size = co_await answer.stream->read(room);
            BOOST_REQUIRE(size);
            BOOST_REQUIRE(*size > 0);
            taken_bytes += *size;
        }
        const auto after = co_await answer.stream->read(room);
        BOOST_TEST(after.value() == 0U);
    });
    BOOST_TEST(from.end == "whole");
}

BOOST_AUTO_TEST_CASE(an_app_that_goes_away_ends_the_transfer) {
    counting_upstream from;
    from.pieces.assign(100, "0123456789");
    with_answer(from, [](counting_upstream&, http::response answer) -> awaitable<> {
        std::string room(4, '\0');
        const auto size = co_await answer.stream->read(room);
        BOOST_TEST(size.value() == 4U);
        answer.stream.reset();
    });
    BOOST_TEST(from.end == "cancelled");
    BOOST_TEST(from.written == 1U);
}

BOOST_AUTO_TEST_CASE(an_app_that_goes_away_while_upstream_is_silent_ends_the_transfer_too) {
    counting_upstream from;
    from.hangs = true;
    with_answer(from, [](counting_upstream& client, http::response answer) -> awaitable<> {
        co_await settle_down();
        BOOST_TEST(client.calls == 1U);
        answer.stream.reset();
    });
    BOOST_TEST(from.end == "cancelled");
}

BOOST_AUTO_TEST_CASE(an_answer_that_breaks_off_does_not_look_whole) {
    counting_upstream from;
    from.pieces = {"half of "};
    from.failure = error(errc::protocol, "cut off");
    with_answer(from, [](counting_upstream&, http::response answer) -> awaitable<> {
        std::string room(100, '\0');
        const auto size = co_await answer.stream->read(room);
        BOOST_TEST(size.value() == 8U);
        const auto after = co_await answer.stream->read(room);
        BOOST_REQUIRE(!after);
        BOOST_CHECK(after.error().code == errc::protocol);
    });
}

BOOST_AUTO_TEST_CASE(an_answer_larger_than_the_limit_is_broken_off) {
    counting_upstream from;
    from.pieces.assign(17, std::string(1024 * 1024, 'x'));
    with_answer(from, [](counting_upstream&, http::response answer) -> awaitable<> {
        std::string room(256 * 1024, '\0');
        std::size_t all = 0;
        auto size = co_await answer.stream->read(room);
        while (size && *size > 0) {
            all += *size;
            size = co_await answer.stream->read(room);
        }
        BOOST_TEST(all == most_passed_on);
        BOOST_TEST(size.has_error());
    });
    BOOST_TEST(from.end == "too_large");
}
