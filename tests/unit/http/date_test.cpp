// HTTP-dates and Retry-After, as servers write them.
#include "seedhook/http/date.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <utility>

using namespace seedhook;
using namespace std::chrono_literals;
using http::parse_http_date;

namespace {

const time_point noon = *parse_http_date("Sun, 06 Nov 1994 12:00:00 GMT");

std::optional<duration> wait_after(http::field_list fields) {
    http::client_response head;
    head.status = 429;
    head.fields = std::move(fields);
    return http::retry_after(head, noon);
}

std::optional<duration> wait(std::string value) { return wait_after({{"Retry-After", std::move(value)}}); }

} // namespace

BOOST_AUTO_TEST_CASE(dates_are_read_in_three_forms) {
    const auto date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    BOOST_REQUIRE(date.has_value());
    BOOST_TEST(date->time_since_epoch().count() == 784111777000);
    BOOST_TEST((parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == date));
    BOOST_TEST((parse_http_date("Sun Nov  6 08:49:37 1994") == date));
    for (const char* bad : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1"}) {
        BOOST_TEST_CONTEXT(bad) { BOOST_TEST(!parse_http_date(bad).has_value()); }
    }
}

BOOST_AUTO_TEST_CASE(retry_after_is_read_as_seconds) {
    BOOST_TEST((wait("120") == 120s));
    BOOST_TEST((wait(" 0\t") == 0s));
    BOOST_TEST((wait("18446744073709551615") == 24h * 365));
    for (const char* bad : {"", "-5", "+5", "1.5", "5 s", "0x10", "soon", "99999999999999999999"}) {
        BOOST_TEST_CONTEXT(bad) { BOOST_TEST(!wait(bad).has_value()); }
    }
    BOOST_TEST(!wait_after({}).has_value());
}

BOOST_AUTO_TEST_CASE(retry_after_is_read_as_a_date) {
    BOOST_TEST((wait("Sun, 06 Nov 1994 12:00:30 GMT") == 30s));
    BOOST_TEST((wait("Sunday, 06-Nov-94 12:01:00 GMT") == 60s));
    BOOST_TEST((wait("Sun Nov  6 12:00:05 1994") == 5s));
    BOOST_TEST((wait("Sun, 06 Nov 1994 11:00:00 GMT") == 0s));
    BOOST_TEST((wait("Fri, 31 Dec 9999 23:59:59 GMT") == 24h * 365));
}

BOOST_AUTO_TEST_CASE(a_date_counts_from_the_servers_clock_if_it_tells_it) {
    const std::string until = "Mon, 07 Nov 1994 09:00:30 GMT"; // their clock is 21 hours fast
    BOOST_TEST((wait_after({{"Retry-After", until}, {"Date", "Mon, 07 Nov 1994 09:00:00 GMT"}}) == 30s));
    BOOST_TEST((wait_after({{"Retry-After", until}, {"Date", "no idea"}}) == 21h + 30s));
    BOOST_TEST((wait_after({{"Retry-After", until}, {"Date", "Tue, 08 Nov 1994 00:00:00 GMT"}}) == 0s));
    BOOST_TEST((wait_after({{"Retry-After", "7"}, {"Date", "Mon, 07 Nov 1994 09:00:00 GMT"}}) == 7s));
}
