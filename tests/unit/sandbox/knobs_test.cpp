// Knobs from the command line and from JSON.
#include "sandbox/knobs.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

parsed_options parse(const std::string& flags) {
    std::istringstream line("seedance-sandbox " + flags);
    std::vector<std::string> words{std::istream_iterator<std::string>(line), {}};
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

std::string refusal(const char* body) {
    options o;
    const std::string before = knobs_document(o);
    const auto turned = turn_knobs(o, body);
    BOOST_TEST(knobs_document(o) == before);
    return turned ? "turned" : turned.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(knobs_of_every_kind_turn) {
    options o;
    const auto turned = turn_knobs(o, R"({"lose": 1, "hang": 0.25, "slow-ms": 10, "rate-limit": 3, "credits": 80,
                                          "retry-after-date": true, "faults-on": ["submit", "status"]})");
    BOOST_REQUIRE(turned);
    BOOST_TEST(turned->size() == 7U);
    BOOST_TEST(o.lose == 1.0);
    BOOST_TEST(o.hang == 0.25);
    BOOST_TEST(o.slow_time.count() == 10);
    BOOST_TEST(o.rate_limit == 3U);
    BOOST_TEST(*o.credits == 80U);
    BOOST_TEST(o.retry_after_date);
    BOOST_TEST(o.faults_on == (std::vector<std::string>{"submit", "status"}), boost::test_tools::per_element());
    BOOST_REQUIRE(turn_knobs(o, R"({"credits": null})"));
    BOOST_TEST(!o.credits);
}

BOOST_AUTO_TEST_CASE(what_is_shown_can_be_turned_back) {
    options turned;
    turned.no_url = 0.5;
    turned.unauthorized_after = 7;
    turned.faults_on = {"cancel"};
    options other;
    BOOST_REQUIRE(turn_knobs(other, knobs_document(turned)));
    BOOST_TEST(knobs_document(other) == knobs_document(turned));
    BOOST_TEST(other.no_url == 0.5);
}

BOOST_AUTO_TEST_CASE(a_wrong_name_or_value_turns_nothing) {
    BOOST_TEST(refusal("[]") == "the body must be a JSON object");
    BOOST_TEST(refusal(R"({"lose": 0.5, "loose": 1})") == "there is no loose");
    BOOST_TEST(refusal(R"({"lose": 1.5})") == "lose must be a number from 0 to 1");
    BOOST_TEST(refusal(R"({"lose": "1"})") == "lose must be a number from 0 to 1");
    BOOST_TEST(refusal(R"({"slow-ms": -1})") == "slow-ms must be milliseconds up to a day");
    BOOST_TEST(refusal(R"({"rate-limit": 1.5})") == "rate-limit must be a whole number up to a million");
    BOOST_TEST(refusal(R"({"retry-after-date": 1})") == "retry-after-date must be true or false");
    BOOST_TEST(refusal(R"({"credits": "80"})") == "credits must be a whole number up to a million, or null");
    BOOST_TEST(refusal(R"({"faults-on": ["poll"]})") == "faults-on must be a list of submit, status, cancel, models");
    BOOST_TEST(refusal(R"({"faults-on": "submit"})") == "faults-on must be a list of submit, status, cancel, models");
    BOOST_TEST(refusal(R"({"fail": 0.6, "cancelled": 0.6})") == "fail and cancelled are together more than all");
}

BOOST_AUTO_TEST_CASE(the_flags_of_faults_and_limits_are_read) {
    const auto parsed = parse("--hang 0.1 --server-errors 0.2 --garbage 0.3 --cut 0.4 --slow 0.5 --slow-ms 7 "
                              "--forget 0.6 --forget-calls 0 --odd-status 0.7 --odd-error 0.8 --no-url 0.9 "
                              "--no-url-ms 5 --rate-limit 3 --rate-window-ms 900 --unauthorized-after 4 "
                              "--faults-on submit,cancel --retry-after-date --api-key a --api-key b");
    BOOST_REQUIRE(parsed.value);
    const options& o = *parsed.value;
    BOOST_TEST((o.hang == 0.1 && o.server_errors == 0.2 && o.garbage == 0.3 && o.cut == 0.4 && o.slow == 0.5));
    BOOST_TEST((o.forget == 0.6 && o.odd_status == 0.7 && o.odd_error == 0.8 && o.no_url == 0.9));
    BOOST_TEST((o.slow_time.count() == 7 && o.forget_calls == 0 && o.no_url_time.count() == 5));
    BOOST_TEST((o.rate_limit == 3 && o.rate_window.count() == 900 && o.unauthorized_after == 4U));
    BOOST_TEST(o.faults_on == (std::vector<std::string>{"submit", "cancel"}), boost::test_tools::per_element());
    BOOST_TEST(o.retry_after_date);
    BOOST_TEST(o.api_keys == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_knob_is_a_flag_that_takes_no_nonsense) {
    for (const knob& k : knobs()) {
        const std::string flag = std::string("--") + k.name;
        BOOST_TEST_CONTEXT(flag) { BOOST_TEST(parse(flag + "=nonsense").exit_code == 2); }
    }
    BOOST_TEST(parse("--hang 2").exit_code == 2);
    BOOST_TEST(parse("--slow-ms -1").exit_code == 2);
    BOOST_TEST(parse("--faults-on submit,poll").exit_code == 2);
}
