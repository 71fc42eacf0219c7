// Byte ranges, as RFC 9110 has them.
#include "seedhook/http/range.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using seedhook::http::choose_range;
using kind = seedhook::http::chosen_range::kind;

namespace {

constexpr std::string_view etag = "\"abc\"";

std::string choose(std::optional<std::string_view> range, std::optional<std::string_view> if_range = {},
                   std::uint64_t size = 100) {
    const auto chosen = choose_range(range, if_range, etag, size);
    switch (chosen.answer) {
    case kind::whole:
        return "whole";
    case kind::unsatisfiable:
        return "unsatisfiable";
    case kind::part:
        break;
    }
    return std::to_string(chosen.first) + "+" + std::to_string(chosen.length);
}

} // namespace

BOOST_AUTO_TEST_CASE(no_range_is_the_whole) { BOOST_TEST(choose({}) == "whole"); }

BOOST_AUTO_TEST_CASE(a_range_has_both_ends_inclusive) {
    BOOST_TEST(choose("bytes=0-0") == "0+1");
    BOOST_TEST(choose("bytes=10-19") == "10+10");
    BOOST_TEST(choose(" Bytes= 10-19 ") == "10+10");
    BOOST_TEST(choose("bytes=0-99") == "0+100");
}

BOOST_AUTO_TEST_CASE(an_open_or_overlong_range_ends_with_the_file) {
    BOOST_TEST(choose("bytes=90-") == "90+10");
    BOOST_TEST(choose("bytes=90-1000") == "90+10");
    BOOST_TEST(choose("bytes=99-99999999999999999999999999") == "99+1");
}

BOOST_AUTO_TEST_CASE(a_suffix_range_counts_from_the_end) {
    BOOST_TEST(choose("bytes=-1") == "99+1");
    BOOST_TEST(choose("bytes=-100") == "0+100");
    BOOST_TEST(choose("bytes=-99999999999999999999999999") == "0+100");
}

BOOST_AUTO_TEST_CASE(a_range_past_the_end_cannot_be_satisfied) {
    BOOST_TEST(choose("bytes=100-") == "unsatisfiable");
    BOOST_TEST(choose("bytes=100-200") == "unsatisfiable");
    BOOST_TEST(choose("bytes=99999999999999999999999999-") == "unsatisfiable");
    BOOST_TEST(choose("bytes=-0") == "unsatisfiable");
}

BOOST_AUTO_TEST_CASE(what_is_not_one_range_is_answered_with_the_whole) {
    for (const char* text : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "bytes=+1-2",
                             "bytes=1--2", "bytes=0x1-2", "items=0-1", "bytes 0-1", "bytes=1"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(choose(text) == "whole"); }
    }
}

BOOST_AUTO_TEST_CASE(if_range_must_name_the_same_file) {
    BOOST_TEST(choose("bytes=10-", "\"abc\"") == "10+90");
    BOOST_TEST(choose("bytes=10-", "\"other\"") == "whole");
    BOOST_TEST(choose("bytes=10-", "W/\"abc\"") == "whole");
    BOOST_TEST(choose("bytes=10-", "Sun, 22 Nov 2026 10:00:00 GMT") == "whole");
    BOOST_TEST(choose("bytes=500-", "\"other\"") == "whole");
}
