// The policies behind the server's limits: who is counted as one, who makes room, whom X-Forwarded-For names.
#include "http/forwarded.hpp"
#include "http/making_room.hpp"
#include "seedhook/http/admission.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace {

using namespace seedhook;
using namespace seedhook::http;
using namespace std::chrono_literals;
namespace ip = boost::asio::ip;

client_id client(const char* address) { return client_at(ip::make_address(address)); }

trusted_proxies trusting(std::vector<std::string> list) { return trusted_proxies::parse(list).value(); }

std::string forwarded(std::vector<std::string_view> values,
                      std::vector<std::string> trusted = {"10.0.0.0/8", "fd00::/8"}) {
    std::vector<field_view> fields{{"Host", "a"}};
    for (const std::string_view value : values) {
        fields.push_back({"x-forwarded-FOR", value});
    }
    fields.push_back({"X-Forwarded-Proto", "https"});
    const auto found = forwarded_client(fields, trusting(std::move(trusted)));
    return found ? found->to_string() : "-";
}

} // namespace

BOOST_AUTO_TEST_CASE(an_ipv4_address_and_an_ipv6_site_are_one_client_each) {
    BOOST_TEST((client("192.0.2.1") == client("192.0.2.1")));
    BOOST_TEST((client("192.0.2.1") != client("192.0.2.2")));
    BOOST_TEST((client("::ffff:8.8.8.8") == client("8.8.8.8")));
    BOOST_TEST((client("2600:1:2:3::1") == client("2600:1:2:3:ffff::2")));
    BOOST_TEST((client("2600:1:2:3::1") != client("2600:1:2:4::1")));
    BOOST_TEST(client("::1").network != 0U);
    BOOST_TEST((client("::1").network != client("0.0.0.1").network));
    BOOST_TEST(client("8.8.8.8").is_public);
    BOOST_TEST(client("2600:1:2:3::1").is_public);
    for (const char* near : {"127.0.0.1", "10.1.2.3", "::1", "fd00::1", "100.64.0.1"}) {
        BOOST_TEST(!client(near).is_public, near);
    }
}

BOOST_AUTO_TEST_CASE(a_limit_holds_for_whom_it_says) {
    const address_limit all{5, false};
    const address_limit only_public{5, true};
    const address_limit none;
    BOOST_TEST((all.holds_for(client("127.0.0.1")) && all.holds_for(client("8.8.8.8"))));
    BOOST_TEST((!only_public.holds_for(client("127.0.0.1")) && only_public.holds_for(client("8.8.8.8"))));
    BOOST_TEST((!none.holds_for(client("8.8.8.8")) && !all.holds_for(client_id())));
}

BOOST_AUTO_TEST_CASE(places_are_counted_altogether_and_for_each_client_and_come_back) {
    admission_settings settings;
    settings.connections = 3;
    settings.per_address = {2, false};
    const auto door = admission::make(settings);
    {
        auto first = door->admit();
        auto second = door->admit();
        auto third = door->admit();
        BOOST_REQUIRE((first && second && third));
        BOOST_TEST(!door->admit().has_value());
        BOOST_TEST(door->open() == 3U);
        BOOST_TEST(first->belongs_to(client("8.8.8.8")));
        BOOST_TEST(second->belongs_to(client("8.8.8.8")));
        BOOST_TEST(!third->belongs_to(client("8.8.8.8")));
        BOOST_TEST(third->belongs_to(client("8.8.4.4")));
        first.reset();
        auto fourth = door->admit();
        BOOST_REQUIRE(fourth);
        const admission::place moved = std::move(*fourth);
        fourth.reset();
        BOOST_TEST(door->open() == 3U);
    }
    BOOST_TEST(door->open() == 0U);
    auto again = door->admit();
    BOOST_TEST((again && again->belongs_to(client("8.8.8.8"))));
}

BOOST_AUTO_TEST_CASE(the_slowest_makes_room_or_who_was_idle_longest_and_nobody_who_has_just_come) {
    using wait = std::optional<duration>;
    const auto chosen = [](wait idle, wait arriving, wait stalled) { return whom_to_drop({idle, arriving, stalled}); };
    BOOST_TEST((chosen({}, {}, {}) == std::nullopt));
    BOOST_TEST((chosen(0ms, {}, {}) == standing::idle));
    BOOST_TEST((chosen({}, 249ms, 249ms) == std::nullopt));
    BOOST_TEST((chosen({}, 250ms, {}) == standing::arriving));
    BOOST_TEST((chosen({}, {}, 250ms) == standing::stalled));
    BOOST_TEST((chosen({}, 3s, 4s) == standing::stalled));
    BOOST_TEST((chosen({}, 4s, 3s) == standing::arriving));
    BOOST_TEST((chosen(1h, 2s, {}) == standing::arriving));
    BOOST_TEST((chosen(1h, {}, 2s) == standing::stalled));
    BOOST_TEST((chosen(1ms, 1999ms, 1999ms) == standing::idle));
}

BOOST_AUTO_TEST_CASE(the_client_is_the_last_that_no_trusted_proxy_is) {
    BOOST_TEST(forwarded({}) == "-");
    BOOST_TEST(forwarded({""}) == "-");
    BOOST_TEST(forwarded({" , ,"}) == "-");
    BOOST_TEST(forwarded({"203.0.113.9"}) == "203.0.113.9");
    BOOST_TEST(forwarded({"198.51.100.1, 203.0.113.9"}) == "203.0.113.9");
    BOOST_TEST(forwarded({"198.51.100.1,203.0.113.9,10.0.0.1 ,\t10.0.0.2"}) == "203.0.113.9");
    BOOST_TEST(forwarded({"198.51.100.1", "203.0.113.9", "10.0.0.1"}) == "203.0.113.9");
    BOOST_TEST(forwarded({"198.51.100.1", "", "10.0.0.1"}) == "198.51.100.1");
    BOOST_TEST(forwarded({"10.0.0.3, 10.0.0.2"}) == "10.0.0.3");
    BOOST_TEST(forwarded({"2001:db8::1, fd00::1"}) == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(entries_come_with_ports_and_brackets) {
    BOOST_TEST(forwarded({"203.0.113.9:80"}) == "203.0.113.9");
    BOOST_TEST(forwarded({"[2001:db8::1]"}) == "2001:db8::1");
    BOOST_TEST(forwarded({"[2001:db8::1]:65535"}) == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(what_is_no_address_ends_the_reading) {
    for (const char* bad : {"unknown", "_hidden", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:123456", "[2001:db8::1",
                            "2001:db8::1]", "[203.0.113.9]", "[2001:db8::1]80", "fe80::1%1", "1.2.3", "1.2.3.4.5", "[]",
                            "\"203.0.113.9\"", "203.0.113.9 80", "::ffff:203.0.113.999"}) {
        BOOST_TEST(forwarded({bad}) == "-", bad);
        BOOST_TEST(forwarded({"198.51.100.1", bad, "10.0.0.1"}) == "10.0.0.1", bad);
    }
}

BOOST_AUTO_TEST_CASE(trusted_proxies_are_networks_and_unix_sockets) {
    const trusted_proxies some = trusting({"10.0.0.0/8", "2001:db8::7", "unix"});
    BOOST_TEST(some.holds(ip::make_address("10.255.0.1")));
    BOOST_TEST(some.holds(ip::make_address("::ffff:10.255.0.1")));
    BOOST_TEST(some.holds(ip::make_address("2001:db8::7")));
    BOOST_TEST(!some.holds(ip::make_address("11.0.0.1")));
    BOOST_TEST(some.holds_unix_sockets());
    BOOST_TEST(!trusting({}).holds_unix_sockets());
    BOOST_TEST(!trusted_proxies::parse({"proxy.example"}).has_value());
}
