// Finding the service manager in the environment, and what is sent to its socket.
#include "daemon/service_manager.hpp"

#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>

#include <unistd.h>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

// The manager's end.
class mailbox {
public:
    explicit mailbox(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        const notify_address at = parse_notify_address(address).value();
        BOOST_REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&at.value), at.size) == 0);
    }
    ~mailbox() { ::close(socket_); }

    std::string next() {
        std::array<char, 512> text{};
        const ssize_t size = ::recv(socket_, text.data(), text.size(), 0);
        return size < 0 ? std::string("nothing") : std::string(text.data(), static_cast<std::size_t>(size));
    }

private:
    int socket_;
};

service_environment at(const std::string& socket) {
    service_environment from;
    from.socket = socket;
    return from;
}

BOOST_AUTO_TEST_CASE(the_variables_are_taken_so_that_no_child_has_them) {
    ::setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::unsetenv("WATCHDOG_PID");
    const service_environment taken = service_environment::take();
    BOOST_TEST(taken.socket.value() == "/run/systemd/notify");
    BOOST_TEST(taken.watchdog_usec.value() == "30000000");
    BOOST_TEST(!taken.watchdog_pid.has_value());
    BOOST_TEST(std::getenv("NOTIFY_SOCKET") == nullptr);
    BOOST_TEST(std::getenv("WATCHDOG_USEC") == nullptr);
    BOOST_TEST(!service_environment::take().socket.has_value());
}

BOOST_AUTO_TEST_CASE(a_watchdog_is_ours_unless_it_names_another_process) {
    service_environment from;
    BOOST_TEST(!watchdog_limit(from, 42).has_value());
    from.watchdog_usec = "30000000";
    BOOST_TEST((watchdog_limit(from, 42) == 30s));
    from.watchdog_pid = "42";
    BOOST_TEST((watchdog_limit(from, 42) == 30s));
    from.watchdog_pid = "43";
    BOOST_TEST(!watchdog_limit(from, 42).has_value());
    from.watchdog_pid.reset();
    for (const char* nonsense : {"", "0", "-1", "30s", " 30", "99999999999999999999"}) {
        from.watchdog_usec = nonsense;
        BOOST_TEST(!watchdog_limit(from, 42).has_value(), nonsense);
    }
}

BOOST_AUTO_TEST_CASE(addresses_are_paths_or_abstract_names) {
    BOOST_TEST(parse_notify_address("/run/systemd/notify").has_value());
    BOOST_TEST(parse_notify_address("@" + std::string(106, 'x')).has_value());
    for (const std::string& unusable : {std::string(), std::string("/"), std::string("@"), std::string("run/notify"),
                                        std::string("vsock:2:1234"), "/" + std::string(107, 'x')}) {
        BOOST_TEST(!parse_notify_address(unusable).has_value(), unusable);
    }
}

BOOST_AUTO_TEST_CASE(messages_reach_a_path_and_an_abstract_name) {
    const test::temp_folder folder;
    for (const std::string& address :
         {(folder.path() / "notify").string(), "@seedhook-test-" + std::to_string(::getpid())}) {
        mailbox manager(address);
        service_manager to(at(address));
        BOOST_TEST(to.listens());
        to.tell("READY=1");
        BOOST_TEST(manager.next() == "READY=1");
        BOOST_TEST(to.tell_now("WATCHDOG=1"));
        BOOST_TEST(manager.next() == "WATCHDOG=1");
    }
}

BOOST_AUTO_TEST_CASE(a_manager_that_is_gone_does_no_harm_and_is_found_again) {
    const test::temp_folder folder;
    const std::string address = (folder.path() / "notify").string();
    service_manager to(at(address));
    to.tell("READY=1");
    BOOST_TEST(!to.tell_now("WATCHDOG=1"));
    mailbox manager(address);
    BOOST_TEST(to.tell_now("WATCHDOG=1"));
    BOOST_TEST(manager.next() == "WATCHDOG=1");
}

BOOST_AUTO_TEST_CASE(a_manager_that_does_not_read_is_not_waited_for) {
    const test::temp_folder folder;
    const std::string address = (folder.path() / "notify").string();
    mailbox manager(address);
    service_manager to(at(address));
    int sent = 0;
    while (sent < 100000 && to.tell_now("WATCHDOG=1")) {
        ++sent;
    }
    BOOST_TEST(sent < 100000);
    BOOST_TEST(manager.next() == "WATCHDOG=1");
    BOOST_TEST(to.tell_now("WATCHDOG=1"));
}

BOOST_AUTO_TEST_CASE(without_a_manager_nothing_is_said) {
    for (const service_environment& from : {service_environment(), at("nonsense")}) {
        service_manager nobody(from);
        BOOST_TEST(!nobody.listens());
        BOOST_TEST(!nobody.watchdog().has_value());
        nobody.tell("READY=1");
        BOOST_TEST(!nobody.tell_now("WATCHDOG=1"));
    }
}

} // namespace
} // namespace seedhook
