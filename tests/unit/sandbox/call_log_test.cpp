// The log of calls.
#include "sandbox/call_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

bool any(const api_call&) { return true; }

} // namespace

BOOST_AUTO_TEST_CASE(calls_are_found_by_number_and_counted_by_kind) {
    call_log log;
    const auto first = log.begin(call_kind::submit, "", time_point(duration(5)));
    const auto second = log.begin(call_kind::status, "req_1", time_point(duration(7)));
    BOOST_REQUIRE(log.find(second) != nullptr);
    log.find(second)->status = 404;
    BOOST_TEST(log.find(first)->at.time_since_epoch().count() == 5);
    BOOST_TEST(log.find(second + 1) == nullptr);
    BOOST_TEST(log.count(call_kind::status) == 1U);
    BOOST_TEST(log.count(call_kind::models) == 0U);
    const auto some = log.list(0, 10, [](const api_call& c) { return c.request_id == "req_1"; });
    BOOST_REQUIRE(some.size() == 1U);
    BOOST_TEST(some[0].status == 404U);
    BOOST_TEST(log.list(0, 1, any).size() == 1U);
    BOOST_TEST(log.list(second, 10, any).size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_emptied_log_goes_on_with_its_numbers) {
    call_log log;
    log.begin(call_kind::cancel, "a", time_point());
    log.empty();
    BOOST_TEST(log.find(0) == nullptr);
    BOOST_TEST(log.count(call_kind::cancel) == 0U);
    BOOST_TEST(log.begin(call_kind::cancel, "b", time_point()) == 1U);
    BOOST_TEST(log.find(1)->request_id == "b");
}

BOOST_AUTO_TEST_CASE(a_full_log_forgets_the_oldest_calls_but_counts_them) {
    call_log log;
    for (int n = 0; n < 100'001; ++n) {
        log.begin(call_kind::status, "a", time_point());
    }
    BOOST_TEST(log.find(0) == nullptr);
    BOOST_REQUIRE(log.find(1) != nullptr);
    BOOST_TEST(log.find(100'000)->number == 100'000U);
    BOOST_TEST(log.count(call_kind::status) == 100'001U);
}

BOOST_AUTO_TEST_CASE(submissions_are_kept_as_they_came) {
    call_log log;
    http::request r;
    r.fields.push_back({"X-A", "1"});
    r.body = "{ not json";
    log.keep_submission(log.begin(call_kind::submit, "", time_point()), r);
    const auto kept = log.submissions(0, 10);
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0].body == "{ not json");
    BOOST_TEST(kept[0].fields.at(0).first == "X-A");
    BOOST_TEST(log.submissions(1, 10).empty());
}

BOOST_AUTO_TEST_CASE(kinds_have_names) {
    for (const call_kind kind : all_call_kinds) {
        BOOST_TEST(is_call_kind(to_string(kind)));
    }
    BOOST_TEST(!is_call_kind("poll"));
    BOOST_TEST(!is_call_kind(""));
}
