// Which addresses the policy lets us connect to, registry by registry.
#include "seedhook/http/address_policy.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using seedhook::http::address_policy;
using seedhook::http::cidr;

boost::asio::ip::address address(const std::string& text) { return boost::asio::ip::make_address(text); }

cidr block(const std::string& text) {
    auto parsed = cidr::parse(text);
    BOOST_REQUIRE_MESSAGE(parsed, text);
    return *parsed;
}

const std::vector<std::string> not_public{
    // IPv4: both ends of each special block
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
    "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0",
    "192.0.0.255", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255",
    // IPv6
    "::", "::1", "fc00::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1",
    "2001:db8:ffff::1", "2001::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1", "100::1", "64:ff9b:1::808:808",
    "3fff::1", "3fff:fff::1", "5f00::1", "4000::1", "1fff::1", "::8.8.8.8", "::7f00:1",
    // IPv4 inside IPv6
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:a00:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "::ffff:0:8.8.8.8",
    // a scope
    "fe80::1%1", "2606:4700::1%1"};

const std::vector<std::string> plainly_public{
    "1.1.1.1",         "8.8.8.8",         "9.255.255.255",      "11.0.0.0",
    "100.63.255.255",  "100.128.0.0",     "126.255.255.255",    "128.0.0.0",
    "169.253.255.255", "169.255.0.0",     "172.15.255.255",     "172.32.0.0",
    "192.0.1.0",       "192.0.3.0",       "192.167.255.255",    "192.169.0.0",
    "198.17.255.255",  "198.20.0.0",      "198.51.99.255",      "203.0.114.0",
    "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::8a", "2001:200::1",
    "2001:4860::8888", "2001:db7::1",     "2001:db9::1",        "3ffe::1",
    "2000::1",         "3fff:1000::1",    "::ffff:8.8.8.8",     "64:ff9b::8.8.8.8",
    "2002:808:808::1"};

} // namespace

BOOST_AUTO_TEST_SUITE(http_address_policy)

BOOST_AUTO_TEST_CASE(special_purpose_addresses_are_not_permitted) {
    const address_policy policy;
    for (const std::string& text : not_public) {
        BOOST_TEST(!policy.permits(address(text)), text);
    }
}

BOOST_AUTO_TEST_CASE(global_unicast_addresses_are_permitted) {
    const address_policy policy;
    for (const std::string& text : plainly_public) {
        BOOST_TEST(policy.permits(address(text)), text);
    }
}

BOOST_AUTO_TEST_CASE(without_public_only_any_address_is_permitted) {
    address_policy policy;
    policy.public_only = false;
    for (const std::string& text : not_public) {
        BOOST_TEST(policy.permits(address(text)), text);
    }
}

BOOST_AUTO_TEST_CASE(exceptions_permit_their_block_and_nothing_beside_it) {
    address_policy policy;
    policy.allowed = {block("10.1.0.0/16"), block("fd00:1::/32"), block("127.0.0.1")};
    BOOST_TEST(policy.permits(address("10.1.2.3")));
    BOOST_TEST(policy.permits(address("::ffff:10.1.2.3")));
    BOOST_TEST(policy.permits(address("fd00:1:2::3")));
    BOOST_TEST(policy.permits(address("127.0.0.1")));
    BOOST_TEST(!policy.permits(address("10.2.0.1")));
    BOOST_TEST(!policy.permits(address("::ffff:10.2.0.1")));
    BOOST_TEST(!policy.permits(address("fd00:2::3")));
    BOOST_TEST(!policy.permits(address("127.0.0.2")));
    BOOST_TEST(!policy.permits(address("fd00:1:2::3%3")));
    BOOST_TEST(!policy.permits(address("64:ff9b::10.1.2.3"))); // only the mapped form reaches it over IPv4
}

BOOST_AUTO_TEST_CASE(a_block_holds_what_its_prefix_says) {
    BOOST_TEST(block("0.0.0.0/0").contains(address("255.255.255.255")));
    BOOST_TEST(!block("0.0.0.0/0").contains(address("::1")));
    BOOST_TEST(block("::/0").contains(address("ffff::")));
    BOOST_TEST(!block("::/0").contains(address("1.2.3.4")));
    BOOST_TEST(block("128.0.0.0/1").contains(address("255.0.0.0")));
    BOOST_TEST(!block("128.0.0.0/1").contains(address("127.0.0.0")));
    BOOST_TEST(block("192.168.1.4/30").contains(address("192.168.1.7")));
    BOOST_TEST(!block("192.168.1.4/30").contains(address("192.168.1.8")));
    BOOST_TEST(block("2001:db8::1").contains(address("2001:db8::1")));
    BOOST_TEST(!block("2001:db8::1").contains(address("2001:db8::2")));
}

BOOST_AUTO_TEST_CASE(what_is_no_cidr_is_refused) {
    for (const char* text : {"",
                             "/",
                             "/8",
                             "10.0.0.0/",
                             "10.0.0.0/33",
                             "10.0.0.0/-1",
                             "10.0.0.0/+8",
                             "10.0.0.0/ 8",
                             "10.0.0.0/8 ",
                             "10.0.0.0/08",
                             "10.0.0.0/8/8",
                             "10.0.0.1/8",
                             "10.0.0/8",
                             "010.0.0.0/8",
                             "0xa.0.0.0/8",
                             "::/129",
                             "fd00::1/64",
                             "fe80::1%1",
                             "fe80::1%eth0/64",
                             "example.com",
                             "10.0.0.0\n/8",
                             "10.0.0.0/99999999999"}) {
        const auto parsed = cidr::parse(text);
        BOOST_REQUIRE_MESSAGE(!parsed, text);
        BOOST_TEST((parsed.error().code == seedhook::errc::invalid));
    }
    BOOST_TEST(!cidr::parse(std::string_view("10.0.0.0\0/8", 11)));
    BOOST_TEST(!cidr::parse(std::string_view("10.0.0.0\0x/8", 12)));
}

BOOST_AUTO_TEST_SUITE_END()
