// Keys, revoked ones, rates and dates.
#include "sandbox/gatekeeper.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

const time_point start(std::chrono::hours(1));

// 0 when the request is taken.
unsigned status_for(gatekeeper& a, const std::string& authorization, time_point now = start) {
    http::request r;
    r.fields.push_back({"Authorization", authorization});
    const auto refused = a.refusal(r, now);
    return refused ? refused->status : 0;
}

options with_keys() {
    options o;
    o.api_keys = {"one", "two"};
    return o;
}

} // namespace

BOOST_AUTO_TEST_CASE(only_known_keys_are_taken) {
    const options o = with_keys();
    gatekeeper a(o);
    BOOST_TEST(status_for(a, "Bearer one") == 0U);
    BOOST_TEST(status_for(a, "bearer two") == 0U);
    BOOST_TEST(status_for(a, "Bearer three") == 401U);
    BOOST_TEST(status_for(a, "Bearer ") == 401U);
    BOOST_TEST(status_for(a, "one") == 401U);
    BOOST_TEST(a.refusal(http::request(), start)->status == 401U);
    const options any;
    gatekeeper anyone(any);
    BOOST_TEST(status_for(anyone, "Bearer whatever") == 0U);
    BOOST_TEST(status_for(anyone, "Basic whatever") == 401U);
}

BOOST_AUTO_TEST_CASE(a_revoked_key_is_refused_until_restored) {
    const options o = with_keys();
    gatekeeper a(o);
    a.revoke("one");
    BOOST_TEST(status_for(a, "Bearer one") == 401U);
    BOOST_TEST(status_for(a, "Bearer two") == 0U);
    a.revoke("");
    BOOST_TEST(status_for(a, "Bearer two") == 401U);
    a.restore();
    BOOST_TEST(status_for(a, "Bearer one") == 0U);
}

BOOST_AUTO_TEST_CASE(after_so_many_requests_each_is_unauthorized) {
    options o = with_keys();
    o.unauthorized_after = 2;
    gatekeeper a(o);
    BOOST_TEST(status_for(a, "Bearer wrong") == 401U); // does not count
    BOOST_TEST(status_for(a, "Bearer one") == 0U);
    BOOST_TEST(status_for(a, "Bearer two") == 0U);
    BOOST_TEST(status_for(a, "Bearer one") == 401U);
    a.count_anew();
    BOOST_TEST(status_for(a, "Bearer one") == 0U);
}

BOOST_AUTO_TEST_CASE(each_key_has_a_rate_of_its_own) {
    options o = with_keys();
    o.rate_limit = 1;
    o.rate_window = duration(10'000);
    gatekeeper a(o);
    BOOST_TEST(status_for(a, "Bearer one") == 0U);
    BOOST_TEST(status_for(a, "Bearer two") == 0U);
    BOOST_TEST(status_for(a, "Bearer one", start + duration(9'999)) == 429U);
    BOOST_TEST(status_for(a, "Bearer one", start + duration(10'000)) == 0U);
    BOOST_TEST(status_for(a, "Bearer one", start + duration(10'001)) == 429U);
    a.forget_rates();
    BOOST_TEST(status_for(a, "Bearer one", start + duration(10'002)) == 0U);
}

BOOST_AUTO_TEST_CASE(retry_after_is_seconds_or_a_date_and_never_too_early) {
    options o;
    o.rate_limit = 1;
    gatekeeper a(o);
    http::request r;
    r.fields.push_back({"Authorization", "Bearer x"});
    BOOST_TEST(!a.refusal(r, start));
    const auto wait = [&] { return a.refusal(r, start + duration(500))->fields.at(0); };
    BOOST_TEST(wait().first == "Retry-After");
    BOOST_TEST(wait().second == "60");
    o.retry_after_date = true;
    BOOST_TEST(wait().second == "Thu, 01 Jan 1970 01:01:00 GMT");
}

BOOST_AUTO_TEST_CASE(dates_are_those_of_http) {
    BOOST_TEST(http_date(time_point(std::chrono::seconds(784'111'777))) == "Sun, 06 Nov 1994 08:49:37 GMT");
    BOOST_TEST(http_date(time_point(duration(784'111'776'001))) == "Sun, 06 Nov 1994 08:49:37 GMT");
}
