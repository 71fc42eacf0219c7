// The PROXY protocol's header, version 2, byte by byte.
#include "http/proxy_header.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace seedhook::http;
using kind = proxy_header::kind;

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string v4("\xcb\x00\x71\x09\x0a\x00\x00\x01\x01\x02\x01\xbb", 12); // 203.0.113.9:258 to 10.0.0.1:443

std::string header(unsigned char version_and_command, unsigned char family, const std::string& rest) {
    std::string out = signature;
    for (const std::size_t byte :
         {std::size_t{version_and_command}, std::size_t{family}, rest.size() >> 8U, rest.size()}) {
        out += static_cast<char>(byte & 0xffU);
    }
    return out + rest;
}

std::string client_in(const std::string& bytes) {
    const proxy_header read = read_proxy_header(bytes);
    BOOST_TEST((read.what == kind::client));
    return read.client.address().to_string() + " " + std::to_string(read.client.port());
}

kind what(const std::string& bytes) { return read_proxy_header(bytes).what; }

} // namespace

BOOST_AUTO_TEST_CASE(a_header_names_the_client) {
    BOOST_TEST(client_in(header(0x21, 0x11, v4)) == "203.0.113.9 258");
    std::string v6("\x20\x01\x0d\xb8", 4);
    v6 += std::string(11, '\0') + '\x07' + std::string(16, '\x11') + std::string("\xff\xff\x01\xbb", 4);
    BOOST_TEST(client_in(header(0x21, 0x21, v6)) == "2001:db8::7 65535");
}

BOOST_AUTO_TEST_CASE(what_follows_the_addresses_is_passed_over_and_what_follows_the_header_is_not_its) {
    const std::string with_more = header(0x21, 0x11, v4 + std::string(500, '\x04'));
    const proxy_header read = read_proxy_header(with_more + "GET / HTTP/1.1");
    BOOST_TEST((read.what == kind::client));
    BOOST_TEST(read.size == with_more.size());
}

BOOST_AUTO_TEST_CASE(it_asks_for_no_more_bytes_than_the_header_has) {
    const std::string whole = header(0x21, 0x11, v4 + "tlv");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const proxy_header read = read_proxy_header(whole.substr(0, size));
        BOOST_TEST((read.what == kind::more));
        BOOST_TEST(read.size == (size < 16 ? 16 : whole.size()));
    }
}

BOOST_AUTO_TEST_CASE(the_proxys_own_connections_name_nobody) {
    BOOST_TEST((what(header(0x20, 0x00, "")) == kind::proxy));
    BOOST_TEST((what(header(0x20, 0x11, v4)) == kind::proxy));
    BOOST_TEST((what(header(0x20, 0xff, "?")) == kind::proxy));
    BOOST_TEST((what(header(0x21, 0x00, "")) == kind::proxy));
    BOOST_TEST((what(header(0x21, 0x31, std::string(216, 'a'))) == kind::proxy));
}

BOOST_AUTO_TEST_CASE(anything_else_is_wrong) {
    BOOST_TEST((what("GET / HTTP/1.1\r\n") == kind::wrong));
    BOOST_TEST((what("\r\n\r\nGET") == kind::wrong));
    BOOST_TEST((what(std::string("\x16\x03\x01", 3)) == kind::wrong));
    BOOST_TEST(
        (read_proxy_header("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n").why.find("version 1") != std::string_view::npos));
    BOOST_TEST((what(header(0x11, 0x11, v4)) == kind::wrong)); // version
    BOOST_TEST((what(header(0x31, 0x11, v4)) == kind::wrong));
    BOOST_TEST((what(header(0x22, 0x11, v4)) == kind::wrong)); // command
    BOOST_TEST((what(header(0x21, 0x12, v4)) == kind::wrong)); // datagrams
    BOOST_TEST((what(header(0x21, 0x41, v4)) == kind::wrong)); // a family that is none
    BOOST_TEST((what(header(0x21, 0x01, v4)) == kind::wrong));
    BOOST_TEST((what(header(0x21, 0x11, v4.substr(1))) == kind::wrong));
    BOOST_TEST((what(header(0x21, 0x21, v4)) == kind::wrong));
    BOOST_TEST((what(header(0x21, 0x31, v4)) == kind::wrong));
    BOOST_TEST((what(header(0x21, 0x11, std::string(longest_proxy_header - 15, 'x')).substr(0, 16)) == kind::wrong));
    BOOST_TEST((what(header(0x21, 0x11, std::string(longest_proxy_header - 16, 'x'))) == kind::client));
}
