// Obeying the API's answers.
#include "seedhook/poll/source_gate.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <vector>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

const steady_time start{1000h};

struct fresh_gate {
    source_gate gate{6000, start}; // so that the budget is never what holds a call back
    steady_time now = start + 1s;

    // Until the next call may go out, with that call made.
    std::chrono::nanoseconds wait() {
        const steady_time next = std::max(gate.next_call(), now);
        const auto waited = next - now;
        BOOST_TEST(!gate.admit(next - 1ns));
        BOOST_TEST(gate.admit(next));
        now = next;
        return waited;
    }
    void fail(double jitter = 0.9999) { gate.failed(now, "HTTP 500", jitter); }
};

BOOST_FIXTURE_TEST_CASE(a_429_pauses_for_as_long_as_it_says, fresh_gate) {
    BOOST_TEST(gate.admit(now));
    gate.throttled(now, duration(7s));
    BOOST_TEST(!gate.degraded(now));
    BOOST_TEST((wait() == 7s));
}

BOOST_FIXTURE_TEST_CASE(a_429_with_a_long_pause_degrades_until_it_is_over, fresh_gate) {
    gate.throttled(now, duration(30min));
    gate.answered(); // a call that was under way
    BOOST_TEST_REQUIRE(gate.degraded(now).has_value());
    BOOST_TEST(gate.degraded(now)->find("429") != std::string::npos);
    BOOST_TEST((wait() == 30min));
    BOOST_TEST(!gate.degraded(now));
}

BOOST_FIXTURE_TEST_CASE(a_429_outlives_a_failure_and_a_reload_but_not_another_key, fresh_gate) {
    gate.throttled(now, duration(30min));
    gate.failed(now, "HTTP 500", 0.5);
    gate.answered();
    gate.reset(6000, now, true);
    BOOST_TEST((gate.next_call() == now + 30min));
    gate.unauthorized(now);
    gate.answered();
    BOOST_TEST((gate.next_call() == now + 30min));
    gate.reset(6000, now, false);
    BOOST_TEST((gate.next_call() <= now + 10ms));
    BOOST_TEST(!gate.degraded(now));
}

BOOST_FIXTURE_TEST_CASE(a_429_that_says_nothing_pauses_for_a_minute, fresh_gate) {
    gate.throttled(now, std::nullopt);
    BOOST_TEST((wait() == 60s));
}

BOOST_FIXTURE_TEST_CASE(no_429_pauses_for_over_an_hour_or_less_than_nothing, fresh_gate) {
    gate.throttled(now, duration(24h * 365));
    BOOST_TEST((wait() == 1h));
    gate.throttled(now, duration(-5s));
    BOOST_TEST((gate.next_call() <= now + 10ms)); // the budget
}

BOOST_FIXTURE_TEST_CASE(a_shorter_pause_does_not_end_a_longer_one, fresh_gate) {
    gate.throttled(now, duration(90s));
    gate.throttled(now, duration(5s));
    gate.answered();
    gate.failed(now + 1s, "HTTP 502", 0.5);
    BOOST_TEST((wait() == 90s));
}

BOOST_FIXTURE_TEST_CASE(a_401_leaves_one_probe_every_five_minutes_and_degrades, fresh_gate) {
    gate.unauthorized(now);
    BOOST_TEST_REQUIRE(gate.degraded(now).has_value());
    BOOST_TEST(gate.degraded(now)->find("401") != std::string::npos);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST((wait() == 5min)); // also while the probe before has no answer yet
    }
    gate.unauthorized(now);
    BOOST_TEST((wait() == 5min));
    gate.answered();
    BOOST_TEST(!gate.degraded(now));
    BOOST_TEST((wait() <= 10ms));
}

BOOST_FIXTURE_TEST_CASE(a_probe_that_finds_no_network_leaves_the_source_stopped, fresh_gate) {
    gate.unauthorized(now);
    wait();
    fail();
    BOOST_TEST(gate.degraded(now)->find("401") != std::string::npos);
    BOOST_TEST((wait() == 5min));
}

BOOST_FIXTURE_TEST_CASE(failures_back_off_to_five_minutes, fresh_gate) {
    const std::chrono::seconds expected[]{1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s};
    for (const auto step : expected) {
        fail();
        const auto waited = wait();
        BOOST_TEST((waited <= step && waited >= step - 100ms));
    }
    gate.answered();
    fail();
    BOOST_TEST((wait() <= 1s));
}

BOOST_FIXTURE_TEST_CASE(jitter_spreads_a_pause_between_half_and_all, fresh_gate) {
    fail(0.0);
    BOOST_TEST((wait() == 500ms));
    fail(0.5);
    BOOST_TEST((wait() == 1500ms));
}

BOOST_FIXTURE_TEST_CASE(calls_that_fail_together_count_once, fresh_gate) {
    for (int i = 0; i < 20; ++i) {
        fail();
    }
    BOOST_TEST((wait() <= 1s));
    BOOST_TEST(!gate.degraded(now));
}

BOOST_FIXTURE_TEST_CASE(one_failure_degrades_nothing_but_three_do, fresh_gate) {
    fail();
    BOOST_TEST(!gate.degraded(now));
    wait();
    fail();
    wait();
    fail();
    BOOST_TEST_REQUIRE(gate.degraded(now).has_value());
    BOOST_TEST(*gate.degraded(now) == "the API has failed 3 times in a row: HTTP 500");
    gate.answered();
    BOOST_TEST(!gate.degraded(now));
}

BOOST_FIXTURE_TEST_CASE(a_million_failures_do_not_overflow, fresh_gate) {
    for (int i = 0; i < 1'000'000; ++i) {
        now = std::max(now, gate.next_call());
        fail();
    }
    BOOST_TEST((gate.next_call() - now <= 5min));
    BOOST_TEST((gate.next_call() - now > 4min));
}

BOOST_FIXTURE_TEST_CASE(a_reload_forgets_the_refusal_but_not_the_budget, fresh_gate) {
    gate.unauthorized(now);
    gate.reset(60, now, true);
    BOOST_TEST(!gate.degraded(now));
    BOOST_TEST((wait() == 1s));
}

BOOST_AUTO_TEST_CASE(whatever_is_answered_the_budget_holds) {
    std::mt19937 chance(11);
    source_gate gate(60, start);
    std::vector<steady_time> calls;
    steady_time now = start;
    while (calls.size() < 5000) {
        now += std::chrono::milliseconds(chance() % 3000);
        if (!gate.admit(now)) {
            continue;
        }
        calls.push_back(now);
        switch (chance() % 100) {
        case 0:
            gate.throttled(now, duration(chance() % 10'000));
            break;
        case 1:
            gate.unauthorized(now);
            break;
        case 2:
            gate.failed(now, "connection refused", 0);
            break;
        default:
            gate.answered();
        }
    }
    for (std::size_t i = 60; i < calls.size(); ++i) {
        BOOST_TEST_REQUIRE((calls[i] - calls[i - 60] >= 60s));
    }
}

} // namespace
} // namespace seedhook
