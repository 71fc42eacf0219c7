// How many connections fit into the descriptors that the system gives, and whom limits hold for by default.
#include "daemon/inbound_limits.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;

BOOST_AUTO_TEST_CASE(connections_leave_room_for_the_rest_of_the_daemon) {
    BOOST_TEST(connections_within(10000, 1048576, 200) == 10000u);
    BOOST_TEST(connections_within(10000, 1024, 200) == 824u);
    BOOST_TEST(connections_within(10000, 10200, 200) == 10000u);
    BOOST_TEST(connections_within(100, 1024, 200) == 100u);
}

BOOST_AUTO_TEST_CASE(somebody_can_connect_however_few_descriptors_there_are) {
    BOOST_TEST(connections_within(10000, 200, 200) == 50u);
    BOOST_TEST(connections_within(10000, 64, 200) == 16u);
    BOOST_TEST(connections_within(10000, 1, 200) == 1u);
}

BOOST_AUTO_TEST_CASE(every_delivery_that_may_run_needs_some) {
    config::settings s;
    s.listeners.resize(1);
    const std::size_t alone = descriptors_needed(s, 2);
    s.sinks.resize(2);
    s.sinks.front().s3.emplace().parts_at_a_time = 8;
    BOOST_TEST(descriptors_needed(s, 2) == alone + 2 * 4 * 4 + 4 * 8);
    BOOST_TEST(descriptors_needed(s, 4) > descriptors_needed(s, 2));
}

BOOST_AUTO_TEST_CASE(limits_hold_for_everybody_once_they_are_given_a_number) {
    config::limits l;
    BOOST_TEST(connection_limit(l).most == 256u);
    BOOST_TEST(connection_limit(l).public_only);
    BOOST_TEST(failure_limit(l).most == 20u);
    BOOST_TEST(failure_limit(l).public_only);
    l.connections_per_address = 7;
    l.failed_signatures_per_minute = 8;
    BOOST_TEST(connection_limit(l).most == 7u);
    BOOST_TEST(!connection_limit(l).public_only);
    BOOST_TEST(failure_limit(l).most == 8u);
    BOOST_TEST(!failure_limit(l).public_only);
}

BOOST_AUTO_TEST_CASE(a_trusted_proxy_that_is_none_is_an_error) {
    config::settings s;
    s.limits.trusted_proxies = {"10.0.0.0/8"};
    BOOST_TEST(admission_of(s, 1).has_value());
    s.limits.trusted_proxies = {"10.0.0.1/8"};
    BOOST_TEST(!admission_of(s, 1).has_value());
}
