// Task groups, time limits and the blocking pool.
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/async/task_group.hpp"
#include "seedhook/async/time_limit.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

// Runs `work` to its end on a context of its own.
void run(awaitable<> work) {
    asio::io_context context;
    std::exception_ptr thrown;
    auto ended = [&](std::exception_ptr e) { thrown = std::move(e); };
    asio::co_spawn(context, std::move(work), ended);
    context.run();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

awaitable<result<std::string>> answer_after(duration d) {
    co_await sleep_for(d);
    co_return std::string("answer");
}

awaitable<result<std::string>> fail_after(duration d) {
    co_await sleep_for(d);
    co_return error(errc::network, "connection refused");
}

awaitable<> sleep_and_note(duration d, bool* cancelled) { *cancelled = !co_await sleep_for(d); }

BOOST_AUTO_TEST_CASE(work_that_ends_in_time_gives_its_value) {
    auto test = []() -> awaitable<> {
        const auto got = co_await with_time_limit(answer_after(1ms), 10s, "work");
        BOOST_TEST(got.value() == "answer");
    };
    run(test());
}

BOOST_AUTO_TEST_CASE(a_failure_in_time_is_the_failure_and_not_a_time_out) {
    auto test = []() -> awaitable<> {
        const auto got = co_await with_time_limit(fail_after(1ms), 10s, "work");
        BOOST_REQUIRE(got.has_error());
        BOOST_TEST((got.error().code == errc::network));
    };
    run(test());
}

BOOST_AUTO_TEST_CASE(work_that_takes_too_long_is_cancelled_and_reported_as_timed_out) {
    auto test = []() -> awaitable<> {
        const auto got = co_await with_time_limit(fail_after(1h), 5ms, "the peer");
        BOOST_REQUIRE(got.has_error());
        BOOST_TEST((got.error().code == errc::timed_out));
        BOOST_TEST(got.error().message == "the peer: no end after 5ms");
    };
    run(test());
}

BOOST_AUTO_TEST_CASE(total_cancellation_reaches_a_sleeping_member_without_an_exception) {
    auto test = []() -> awaitable<> {
        task_group group(co_await asio::this_coro::executor);
        bool cancelled = false;
        group.spawn(sleep_and_note(1h, &cancelled), "sleeper");
        co_await sleep_for(1ms);
        group.cancel(asio::cancellation_type::total);
        co_await group.drained();
        BOOST_TEST(cancelled);
        BOOST_TEST(group.size() == 0U);
    };
    run(test());
}

awaitable<> sleep_twice(bool* first, bool* second) {
    *first = co_await sleep_for(1h);
    *second = co_await sleep_for(1h);
}

BOOST_AUTO_TEST_CASE(a_sleep_that_begins_after_the_cancellation_ends_at_once) {
    auto test = []() -> awaitable<> {
        task_group group(co_await asio::this_coro::executor);
        bool first = true;
        bool second = true;
        group.spawn(sleep_twice(&first, &second), "sleeper");
        co_await sleep_for(1ms);
        group.cancel(asio::cancellation_type::total);
        co_await group.drained();
        BOOST_TEST(!first);
        BOOST_TEST(!second);
    };
    run(test());
}

awaitable<> limited_sleep(bool* ended) {
    const auto got = co_await with_time_limit(answer_after(1h), 2h, "work");
    *ended = got.has_value();
}

BOOST_AUTO_TEST_CASE(cancellation_passes_through_a_time_limit) {
    auto test = []() -> awaitable<> {
        task_group group(co_await asio::this_coro::executor);
        bool ended = false;
        group.spawn(limited_sleep(&ended), "limited");
        co_await sleep_for(1ms);
        group.cancel(asio::cancellation_type::terminal);
        co_await group.drained();
        BOOST_TEST(ended);
    };
    run(test());
}

BOOST_AUTO_TEST_CASE(draining_an_empty_group_ends_at_once) {
    auto test = []() -> awaitable<> {
        task_group group(co_await asio::this_coro::executor);
        co_await group.drained();
        BOOST_TEST(group.size() == 0U);
    };
    run(test());
}

BOOST_AUTO_TEST_CASE(blocking_work_runs_elsewhere_and_comes_home) {
    blocking_pool pool(1);
    std::thread::id home_before, home_after, away;
    auto test = [&]() -> awaitable<> {
        home_before = std::this_thread::get_id();
        auto work = [] { return std::make_unique<std::thread::id>(std::this_thread::get_id()); };
        away = *co_await pool.run(std::move(work));
        home_after = std::this_thread::get_id();
    };
    run(test());
    pool.join();
    BOOST_TEST((home_before == home_after));
    BOOST_TEST((home_before != away));
}

BOOST_AUTO_TEST_CASE(an_exception_of_blocking_work_reaches_the_caller) {
    blocking_pool pool(1);
    auto test = [&]() -> awaitable<> {
        auto work = []() -> int { throw std::runtime_error("disk on fire"); };
        co_await pool.run(std::move(work));
    };
    BOOST_CHECK_THROW(run(test()), std::runtime_error);
    pool.join();
}

} // namespace
} // namespace seedhook
