// What the service manager is told, byte by byte.
#include "daemon/service_message.hpp"

#include <boost/test/unit_test.hpp>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(messages_are_what_sd_notify_documents) {
    BOOST_TEST(starting_message(15min) == "STATUS=opening the store\nEXTEND_TIMEOUT_USEC=900000000");
    BOOST_TEST(ready_message("taking callbacks") == "READY=1\nSTATUS=taking callbacks");
    BOOST_TEST(status_message("not ready: spool") == "STATUS=not ready: spool");
    BOOST_TEST(stopping_message(45s) == "STOPPING=1\nSTATUS=letting work in hand end\nEXTEND_TIMEOUT_USEC=45000000");
    BOOST_TEST(watchdog_message() == "WATCHDOG=1");
}

BOOST_AUTO_TEST_CASE(a_reload_is_dated_on_the_steady_clock) {
    const std::chrono::steady_clock::time_point now(1234567891ns);
    BOOST_TEST(reloading_message(now) == "RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=reading the configuration again");
}

BOOST_AUTO_TEST_CASE(the_status_says_why_in_one_line) {
    readiness state;
    state.not_ready = {"the store cannot commit", "spool: No space left on device"};
    BOOST_TEST(status_of(state) == "not ready: the store cannot commit; spool: No space left on device");
    state.ready = true;
    state.not_ready.clear();
    BOOST_TEST(status_of(state) == "taking callbacks");
    state.degraded = {"sink archive: 403\nREADY=1"};
    BOOST_TEST(status_of(state) == "taking callbacks, degraded: sink archive: 403\\nREADY=1");
    state.degraded = {std::string(10000, 'x')};
    BOOST_TEST(status_of(state).size() == 500U);
}

} // namespace
} // namespace seedhook
