// The budget of calls.
#include "seedhook/poll/token_bucket.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <vector>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

const steady_time start{1000h};

// The most of these within 60 seconds.
std::size_t most_in_a_minute(const std::vector<steady_time>& calls) {
    std::size_t most = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        while (calls[i] - calls[first] >= 60s) {
            ++first;
        }
        most = std::max(most, i - first + 1);
    }
    return most;
}

BOOST_AUTO_TEST_CASE(it_begins_empty) {
    token_bucket bucket(60, start);
    BOOST_TEST(!bucket.take(start));
    BOOST_TEST(!bucket.take(start + 999ms));
    BOOST_TEST((bucket.ready_at() == start + 1s));
    BOOST_TEST(bucket.take(start + 1s));
    BOOST_TEST(!bucket.take(start + 1s));
}

BOOST_AUTO_TEST_CASE(what_was_not_used_is_not_saved_up) {
    token_bucket bucket(60, start);
    BOOST_TEST(bucket.take(start + 1h));
    BOOST_TEST(!bucket.take(start + 1h));
    BOOST_TEST(bucket.take(start + 1h + 1s));
}

BOOST_AUTO_TEST_CASE(no_minute_sees_more_than_the_budget_however_it_is_asked) {
    std::mt19937 chance(7);
    for (const std::uint32_t budget : {1U, 7U, 59U, 60U, 61U, 1000U}) {
        token_bucket bucket(budget, start);
        std::vector<steady_time> calls;
        steady_time now = start;
        for (int i = 0; i < 50'000; ++i) {
            // Rests, bursts, and calls at the first nanosecond at which one is allowed.
            const auto rest =
                std::chrono::microseconds(chance() % 64 == 0 ? chance() % 120'000'000 : chance() % 20'000);
            now = chance() % 4 == 0 ? std::max(now, bucket.ready_at()) : now + rest;
            if (bucket.take(now)) {
                calls.push_back(now);
            }
        }
        BOOST_TEST(calls.size() > 100);
        BOOST_TEST(most_in_a_minute(calls) <= budget);
    }
}

BOOST_AUTO_TEST_CASE(all_of_the_budget_can_be_used) {
    for (const std::uint32_t budget : {1U, 7U, 60U, 1000U}) {
        token_bucket bucket(budget, start);
        std::vector<steady_time> calls;
        while (bucket.ready_at() < start + 10min) {
            calls.push_back(bucket.ready_at());
            BOOST_TEST_REQUIRE(bucket.take(bucket.ready_at()));
        }
        BOOST_TEST(most_in_a_minute(calls) == budget);
    }
}

BOOST_AUTO_TEST_CASE(a_crash_loop_stays_within_the_budget) {
    std::mt19937 chance(3);
    std::vector<steady_time> calls;
    steady_time now = start;
    while (calls.size() < 20'000) {
        token_bucket bucket(60, now);
        const steady_time crash = now + std::chrono::milliseconds(chance() % 3000);
        while (bucket.ready_at() <= crash) {
            now = bucket.ready_at();
            BOOST_TEST_REQUIRE(bucket.take(now));
            calls.push_back(now);
        }
        now = crash;
    }
    BOOST_TEST(most_in_a_minute(calls) <= 60U);
}

BOOST_AUTO_TEST_CASE(changing_the_budget_again_and_again_gains_nothing) {
    std::mt19937 chance(5);
    token_bucket bucket(60, start);
    std::vector<steady_time> calls;
    steady_time now = start;
    for (int i = 0; i < 50'000; ++i) {
        now += std::chrono::milliseconds(chance() % 400);
        if (chance() % 8 == 0) {
            bucket.set(chance() % 2 == 0 ? 60 : 30, now);
        }
        if (bucket.take(now)) {
            calls.push_back(now);
        }
    }
    BOOST_TEST(calls.size() > 100);
    BOOST_TEST(most_in_a_minute(calls) <= 60U);
}

} // namespace
} // namespace seedhook
