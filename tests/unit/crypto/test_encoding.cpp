// Hex and base64 against RFC 4648's examples, and everything that must be refused.
#include "seedhook/crypto/encoding.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace seedhook::crypto;
using namespace std::string_view_literals;

namespace {

std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

const std::vector<std::pair<std::string_view, std::string_view>> rfc4648{{"", ""},
                                                                         {"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"}};

} // namespace

BOOST_AUTO_TEST_CASE(base64_goes_both_ways_as_published) {
    for (const auto& [plain, encoded] : rfc4648) {
        BOOST_TEST(to_base64(bytes(plain)) == encoded);
        const auto decoded = from_base64(encoded);
        BOOST_REQUIRE(decoded.has_value());
        BOOST_TEST(*decoded == bytes(plain), boost::test_tools::per_element());
    }
    BOOST_TEST(to_base64(std::vector<std::uint8_t>{0xfb, 0xff, 0xfe}) == "+//+");
}

BOOST_AUTO_TEST_CASE(base64_refuses_every_other_spelling) {
    for (const auto text :
         {"Zg="sv, "Zg"sv, "Zg==="sv, "Z==="sv, "===="sv, "Zh=="sv, "Zm9="sv, "Zm8=Zm8="sv, "Zg==\n"sv, " Zg=="sv,
          "Zg ="sv, "_-8="sv, "Zm\0v"sv, "Zm9v\0\0\0\0"sv, "=Zm9"sv, "Z=9v"sv}) {
        BOOST_TEST(!from_base64(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(hex_goes_both_ways_and_takes_either_case) {
    BOOST_TEST(to_hex(std::vector<std::uint8_t>{0x00, 0x7f, 0xab, 0xff}) == "007fabff");
    const std::vector<std::uint8_t> expected{0xab, 0xcd, 0xef, 0x09};
    for (const auto text : {"abcdef09"sv, "ABCDEF09"sv, "aBcDeF09"sv}) {
        const auto decoded = from_hex(text);
        BOOST_REQUIRE(decoded.has_value());
        BOOST_TEST(*decoded == expected, boost::test_tools::per_element());
    }
    BOOST_TEST(from_hex("")->empty());
}

BOOST_AUTO_TEST_CASE(hex_refuses_odd_lengths_and_other_characters) {
    for (const auto text :
         {"a"sv, "abc"sv, "0x12"sv, "zz"sv, " a"sv, "a "sv, "g0"sv, "a\0"sv, "``"sv, "//"sv, "::"sv, "@@"sv}) {
        BOOST_TEST(!from_hex(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(random_hex_has_the_asked_length_and_does_not_repeat) {
    BOOST_TEST(random_hex(16).size() == 32u);
    BOOST_TEST(random_hex(16) != random_hex(16));
    BOOST_TEST(random_hex(0).empty());
}
