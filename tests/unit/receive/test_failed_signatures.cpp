// Who is refused after wrong signatures, for how long, and that nobody else is.
#include "seedhook/receive/failed_signatures.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;
using namespace std::chrono_literals;
using http::client_id;

namespace {

const failed_signatures::time start = failed_signatures::time() + 1h;

client_id client(std::uint64_t network, bool is_public = true) { return {network, is_public}; }

struct three_a_minute {
    failed_signatures failures{{3, true}};

    bool refused(client_id who, failed_signatures::time at) const { return failures.refused_for(who, at).has_value(); }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(the_third_wrong_signature_within_a_minute_has_the_client_refused_for_one, three_a_minute) {
    BOOST_TEST(!failures.failed(client(1), start));
    BOOST_TEST(!failures.failed(client(1), start + 20s));
    BOOST_TEST(!failures.refuses_anybody());
    BOOST_TEST(!refused(client(1), start + 20s));
    BOOST_TEST(failures.failed(client(1), start + 59s));
    BOOST_TEST(failures.refuses_anybody());
    BOOST_TEST((failures.refused_for(client(1), start + 59s) == 60s));
    BOOST_TEST((failures.refused_for(client(1), start + 118500ms) == 1s));
    BOOST_TEST(!refused(client(1), start + 119s));
}

BOOST_FIXTURE_TEST_CASE(others_are_not_refused, three_a_minute) {
    for (int i = 0; i < 3; ++i) {
        failures.failed(client(1), start);
    }
    for (std::uint64_t other = 2; other < 5000; ++other) {
        BOOST_TEST(!refused(client(other), start));
    }
    BOOST_TEST(refused(client(1), start));
}

BOOST_FIXTURE_TEST_CASE(wrong_signatures_that_are_far_between_are_forgiven, three_a_minute) {
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(!failures.failed(client(1), start + i * 31s));
    }
}

BOOST_FIXTURE_TEST_CASE(after_the_refusal_the_count_begins_anew, three_a_minute) {
    for (int i = 0; i < 3; ++i) {
        failures.failed(client(1), start);
    }
    BOOST_TEST(!failures.failed(client(1), start + 61s));
    BOOST_TEST(!failures.failed(client(1), start + 62s));
    BOOST_TEST(!refused(client(1), start + 62s));
    BOOST_TEST(failures.failed(client(1), start + 63s));
}

BOOST_FIXTURE_TEST_CASE(clients_that_the_limit_does_not_hold_for_may_fail_as_they_like, three_a_minute) {
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST(!failures.failed(client(1, false), start));
        BOOST_TEST(!failures.failed(client_id(), start));
    }
    BOOST_TEST(!refused(client(1, false), start));
    BOOST_TEST(!refused(client_id(), start));
}

BOOST_FIXTURE_TEST_CASE(a_change_of_secrets_forgives_all, three_a_minute) {
    for (int i = 0; i < 3; ++i) {
        failures.failed(client(1), start);
    }
    failures.forget();
    BOOST_TEST(!failures.refuses_anybody());
    BOOST_TEST(!refused(client(1), start));
    BOOST_TEST(!failures.failed(client(1), start));
}

BOOST_FIXTURE_TEST_CASE(a_hundred_thousand_failing_clients_do_not_free_one_that_is_refused, three_a_minute) {
    for (int i = 0; i < 3; ++i) {
        failures.failed(client(1), start);
    }
    for (std::uint64_t other = 2; other < 100'000; ++other) {
        failures.failed(client(other), start + 1s);
    }
    BOOST_TEST(refused(client(1), start + 2s));
}
