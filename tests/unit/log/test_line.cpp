// How a line looks, and that nothing a stranger wrote can look like another line.
#include "log/line.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

using namespace seedhook::log;
using namespace std::string_view_literals;

namespace {

const line_time noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + std::chrono::hours(10) +
                     std::chrono::milliseconds(123)};

std::string text_of(std::string_view value) { return text_line(noon, level::info, "m", {{"k", value}}); }

boost::json::object json_of(std::string_view value) {
    return boost::json::parse(json_line(noon, level::info, "m", {{"k", value}})).as_object();
}

const std::string before = "2026-11-22T10:00:00.123Z INFO m k=";

} // namespace

BOOST_AUTO_TEST_CASE(a_text_line_reads_as_documented) {
    const auto line = text_line(
        noon, level::info, "callback settled",
        {{"source", "main"sv}, {"request_id", "req_1"sv}, {"n", std::int64_t{-3}}, {"ok", true}, {"s", 0.25}});
    BOOST_TEST(line ==
               "2026-11-22T10:00:00.123Z INFO callback settled source=main request_id=req_1 n=-3 ok=true s=0.25");
}

BOOST_AUTO_TEST_CASE(a_json_line_reads_as_documented) {
    const auto line =
        json_line(noon, level::warning, "slow", {{"source", "main"sv}, {"n", std::int64_t{7}}, {"ok", false}});
    BOOST_TEST(
        line ==
        R"({"time":"2026-11-22T10:00:00.123Z","level":"warning","message":"slow","source":"main","n":7,"ok":false})");
}

BOOST_AUTO_TEST_CASE(every_level_has_its_name) {
    BOOST_TEST(text_line(noon, level::debug, "m", {}) == "2026-11-22T10:00:00.123Z DEBUG m");
    BOOST_TEST(text_line(noon, level::warning, "m", {}) == "2026-11-22T10:00:00.123Z WARNING m");
    BOOST_TEST(text_line(noon, level::error, "m", {}) == "2026-11-22T10:00:00.123Z ERROR m");
}

BOOST_AUTO_TEST_CASE(values_that_are_not_plain_stand_in_quotes_and_escaped) {
    BOOST_TEST(text_of("") == before + R"("")");
    BOOST_TEST(text_of("a b") == before + R"("a b")");
    BOOST_TEST(text_of("a=b") == before + R"("a=b")");
    BOOST_TEST(text_of("say \"x\" \\") == before + R"("say \"x\" \\")");
    BOOST_TEST(text_of("a\r\n2026-11-22T10:00:00.123Z ERROR forged") ==
               before + R"("a\r\n2026-11-22T10:00:00.123Z ERROR forged")");
    BOOST_TEST(text_of("\x1b[31m\x7f\t"sv) == before + R"("\u001b[31m\u007f\t")");
    BOOST_TEST(text_of("nul\0nul"sv) == before + R"("nul\u0000nul")");
}

BOOST_AUTO_TEST_CASE(characters_that_a_terminal_obeys_are_escaped_and_others_stay) {
    BOOST_TEST(text_of("größe 東京 😀") == before + "\"größe 東京 😀\"");
    BOOST_TEST(text_of("\u009b31m") == before + R"("\u009b31m")"); // CSI in one character
    BOOST_TEST(text_of("a\u202eb") == before + R"("a\u202eb")");   // right-to-left override
    BOOST_TEST(text_of("a\u2028b") == before + R"("a\u2028b")");   // line separator
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_escaped_byte_by_byte) {
    BOOST_TEST(text_of("\xff") == before + R"("\xff")");
    BOOST_TEST(text_of("\xc0\x80") == before + R"("\xc0\x80")");                 // overlong
    BOOST_TEST(text_of("\xe0\x80\x80") == before + R"("\xe0\x80\x80")");         // overlong
    BOOST_TEST(text_of("\xed\xa0\x80") == before + R"("\xed\xa0\x80")");         // a surrogate
    BOOST_TEST(text_of("\xf4\x90\x80\x80") == before + R"("\xf4\x90\x80\x80")"); // past U+10FFFF
    BOOST_TEST(text_of("\xe2\x82") == before + R"("\xe2\x82")");                 // cut short
    BOOST_TEST(json_of("a\xff\xe2\x82").at("k") == "a\ufffd\ufffd\ufffd");
}

BOOST_AUTO_TEST_CASE(a_json_line_stays_valid_json_whatever_is_in_it) {
    for (const auto value : {"\"},{\"x\":\""sv, "a\nb"sv, "nul\0"sv, "\\"sv, "\u2028"sv, "\x80\x80"sv}) {
        const std::string line = json_line(noon, level::info, value, {{value, value}});
        BOOST_TEST(line.find('\n') == std::string::npos);
        boost::system::error_code failed;
        const auto parsed = boost::json::parse(line, failed);
        BOOST_TEST(!failed, line);
        BOOST_TEST(parsed.as_object().size() == 4u);
    }
    BOOST_TEST(json_of("a\"b\\c\nd").at("k") == "a\"b\\c\nd");
}

BOOST_AUTO_TEST_CASE(a_message_and_a_key_cannot_break_a_text_line_either) {
    BOOST_TEST(text_line(noon, level::info, "a\nb", {{"k\n", "v"sv}}) == R"(2026-11-22T10:00:00.123Z INFO a\nb k\n=v)");
}

BOOST_AUTO_TEST_CASE(numbers_that_json_does_not_have_are_null) {
    const auto line = json_line(noon, level::info, "m", {{"x", std::numeric_limits<double>::infinity()}, {"y", 1.5}});
    const auto parsed = boost::json::parse(line).as_object();
    BOOST_TEST(parsed.at("x").is_null());
    BOOST_TEST(parsed.at("y") == 1.5);
}

BOOST_AUTO_TEST_CASE(long_texts_are_cut) {
    const auto line = text_of(std::string(10'000, 'a'));
    BOOST_TEST(line.size() < 4200u);
    BOOST_TEST(line.ends_with("…"));
}
