// Who may use the control API.
#include "control/access.hpp"

#include "seedhook/log/log.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace seedhook;
using namespace seedhook::control;

namespace {

config::control at(std::string address, std::vector<std::string> hosts = {}) {
    config::control settings;
    settings.address = std::move(address);
    settings.hosts = std::move(hosts);
    return settings;
}

http::request asking(std::string_view path, std::vector<http::field_view> fields) {
    http::request r;
    r.method = "GET";
    r.path = path;
    r.fields = std::move(fields);
    return r;
}

struct quiet {
    quiet() { log::configure(log::level::error, log::format::text); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(access_to_control, quiet)

BOOST_AUTO_TEST_CASE(loopback_and_unix_sockets_are_reached_as_this_machine) {
    for (const char* address : {"unix:/run/c.sock", "127.0.0.1:9090", "[::1]:9090"}) {
        for (const char* ours :
             {"localhost", "localhost:9090", "LOCALHOST", "127.0.0.1:1", "127.1.2.3", "[::1]", "[::1]:80"}) {
            BOOST_TEST(is_our_host(at(address), ours), address << ' ' << ours);
        }
        for (const char* other :
             {"evil.example", "localhost.evil.example", "10.0.0.1:9090", "[2001:db8::1]", "", "[::1",
              "127.0.0.1.evil.example", "localhost@evil.example", "127.0.0.1x", "2130706433", "0x7f.1"}) {
            BOOST_TEST(!is_our_host(at(address), other), address << ' ' << other);
        }
    }
}

BOOST_AUTO_TEST_CASE(other_addresses_are_reached_as_themselves) {
    BOOST_TEST(is_our_host(at("192.0.2.7:9090"), "192.0.2.7:9090"));
    BOOST_TEST(!is_our_host(at("192.0.2.7:9090"), "192.0.2.8"));
    BOOST_TEST(!is_our_host(at("192.0.2.7:9090"), "localhost"));
    for (const char* any : {"0.0.0.0:9090", "[::]:9090"}) {
        for (const char* ours : {"localhost", "192.0.2.8", "[2001:db8::1]:9090"}) {
            BOOST_TEST(is_our_host(at(any), ours));
        }
        BOOST_TEST(!is_our_host(at(any), "evil.example:9090"));
    }
}

BOOST_AUTO_TEST_CASE(configured_names_are_ours_in_any_case_and_nothing_below_them) {
    const auto settings = at("127.0.0.1:9090", {"seedhook.example.com"});
    BOOST_TEST(is_our_host(settings, "Seedhook.Example.com:443"));
    BOOST_TEST(!is_our_host(settings, "x.seedhook.example.com"));
}

BOOST_AUTO_TEST_CASE(only_our_own_pages_may_ask) {
    const http::field_view host{"Host", "localhost:9090"};
    BOOST_TEST(is_from_our_page(asking("/v1/tasks", {host}))); // no browser
    BOOST_TEST(is_from_our_page(asking("/v1/tasks", {host, {"Origin", "http://localhost:9090"}})));
    BOOST_TEST(is_from_our_page(asking("/v1/tasks", {host, {"Sec-Fetch-Site", "same-origin"}})));
    BOOST_TEST(is_from_our_page(asking("/v1/tasks", {host, {"Sec-Fetch-Site", "none"}})));
    for (const char* other : {"null", "", "http://evil.example", "http://localhost:9091", "http://localhost",
                              "localhost:9090", "http://localhost:9090.evil.example", "http://x@localhost:9090"}) {
        BOOST_TEST(!is_from_our_page(asking("/", {host, {"Origin", other}})), other);
    }
    BOOST_TEST(!is_from_our_page(
        asking("/v1/tasks", {host, {"Origin", "http://localhost:9090"}, {"Origin", "http://evil.example"}})));
    for (const char* site : {"cross-site", "same-site", "x"}) {
        BOOST_TEST(!is_from_our_page(asking("/v1/tasks", {host, {"Sec-Fetch-Site", site}})));
    }
}

BOOST_AUTO_TEST_CASE(a_link_from_elsewhere_may_lead_to_the_page_and_to_nothing_else) {
    const std::vector<http::field_view> fields{
        {"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}};
    BOOST_TEST(is_from_our_page(asking("/", fields)));
    BOOST_TEST(!is_from_our_page(asking("/v1/tasks", fields)));
    auto posted = asking("/", fields);
    posted.method = "POST";
    BOOST_TEST(!is_from_our_page(posted));
    BOOST_TEST(!is_from_our_page(
        asking("/", {{"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}})));
}

BOOST_AUTO_TEST_CASE(the_token_opens_all_but_what_is_open_anyway) {
    auto settings = at("127.0.0.1:9090");
    settings.token = config::secret("right");
    const auto status_of = [&](std::string_view path, std::string_view credentials) {
        const auto answer = refusal(settings, asking(path, {{"Host", "localhost"}, {"Authorization", credentials}}));
        return answer ? answer->status : 0;
    };
    for (const char* good : {"Bearer right", "bearer right", "BEARER right"}) {
        BOOST_TEST(status_of("/v1/tasks", good) == 0U, good);
    }
    for (const char* bad : {"", "right", "Bearer", "Bearer ", "Bearer wrong", "Bearer right ", "Bearer  right",
                            "Basic right", "Bearer righ", "Bearer rightx"}) {
        BOOST_TEST(status_of("/v1/tasks", bad) == 401U, bad);
        BOOST_TEST(status_of("/metrics", bad) == 401U, bad);
        BOOST_TEST(status_of("/nothing/here", bad) == 401U, bad);
        for (const char* open : {"/", "/dashboard.js", "/dashboard.css", "/healthz"}) {
            BOOST_TEST(status_of(open, bad) == 0U, open);
        }
    }
    const auto twice = asking(
        "/v1/tasks", {{"Host", "localhost"}, {"Authorization", "Bearer right"}, {"Authorization", "Bearer right"}});
    BOOST_TEST(refusal(settings, twice).value().status == 401U);
}

BOOST_AUTO_TEST_CASE(a_right_token_opens_nothing_to_another_host_or_page) {
    auto settings = at("127.0.0.1:9090");
    settings.token = config::secret("right");
    const http::field_view token{"Authorization", "Bearer right"};
    BOOST_TEST(refusal(settings, asking("/", {token, {"Host", "evil.example"}})).value().status == 421U);
    BOOST_TEST(refusal(settings, asking("/v1/tasks", {token})).value().status == 421U);
    BOOST_TEST(refusal(settings, asking("/v1/tasks", {token, {"Host", "localhost"}, {"Origin", "http://evil.example"}}))
                   .value()
                   .status == 403U);
}

BOOST_AUTO_TEST_SUITE_END()
