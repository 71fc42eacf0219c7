// Which of many equal lines are written, by a clock of the test's own.
#include "log/repeat_filter.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <string>

using namespace seedhook::log;
using namespace std::chrono_literals;

namespace {

struct filter_setup {
    repeat_filter filter{60s, 4};
    repeat_filter::time now{};

    bool admit(std::string_view key) { return filter.admit(key, now); }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(one_line_of_a_key_is_written_in_a_period, filter_setup) {
    BOOST_TEST(admit("a"));
    BOOST_TEST(!admit("a"));
    BOOST_TEST(admit("b"));
    now += 59s;
    BOOST_TEST(!admit("a"));
    now += 1s;
    BOOST_TEST(admit("a"));
    BOOST_TEST(!admit("a"));
}

BOOST_FIXTURE_TEST_CASE(what_was_not_written_is_told_once_when_the_period_is_over, filter_setup) {
    admit("a");
    admit("a");
    admit("a");
    admit("once");
    BOOST_TEST(filter.take_ended(now + 59s).empty());
    const auto ended = filter.take_ended(now + 60s);
    BOOST_REQUIRE(ended.size() == 1u);
    BOOST_TEST(ended[0].key == "a");
    BOOST_TEST(ended[0].lines == 2u);
    BOOST_TEST(filter.take_ended(now + 1h).empty());
}

BOOST_FIXTURE_TEST_CASE(a_line_that_comes_after_the_period_loses_no_count, filter_setup) {
    admit("a");
    admit("a");
    now += 2min;
    BOOST_TEST(admit("a"));
    const auto ended = filter.take_ended(now);
    BOOST_REQUIRE(ended.size() == 1u);
    BOOST_TEST(ended[0].lines == 1u);
}

BOOST_FIXTURE_TEST_CASE(the_first_key_gives_way_when_there_are_too_many, filter_setup) {
    for (const char* key : {"a", "b", "c", "d"}) {
        BOOST_TEST(admit(key));
        now += 1s;
    }
    admit("a");
    BOOST_TEST(admit("e"));
    BOOST_TEST(!admit("b"));
    BOOST_TEST(admit("a")); // "b" gave way
    const auto ended = filter.take_ended(now);
    BOOST_REQUIRE(ended.size() == 2u);
    BOOST_TEST(ended[0].key == "a");
    BOOST_TEST(ended[1].key == "b");
}

BOOST_FIXTURE_TEST_CASE(it_holds_no_more_than_it_may_whatever_comes, filter_setup) {
    for (int i = 0; i < 10'000; ++i) {
        const std::string key = std::to_string(i);
        BOOST_TEST(admit(key));
        BOOST_TEST(!admit(key));
    }
    BOOST_TEST(filter.take_ended(repeat_filter::time::max()).size() <= 8u);
}
