// The end of a hook's output, as text that can be shown.
#include "sinks/exec/output.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace seedhook::exec;

BOOST_AUTO_TEST_SUITE(exec_output)

BOOST_AUTO_TEST_CASE(short_output_is_kept_whole) {
    output_tail tail;
    tail.add("one\n");
    tail.add("two\n");
    BOOST_TEST(tail.kept() == "one\ntwo\n");
    BOOST_TEST(!tail.cut());
}

BOOST_AUTO_TEST_CASE(exactly_the_most_is_whole_and_one_more_byte_is_cut) {
    output_tail tail;
    tail.add(std::string(most_output, 'a'));
    BOOST_TEST(!tail.cut());
    tail.add("b");
    BOOST_TEST(tail.cut());
    BOOST_TEST((tail.kept() == std::string(most_output - 1, 'a') + "b"));
}

BOOST_AUTO_TEST_CASE(the_last_bytes_are_kept_however_they_come) {
    std::string all;
    output_tail tail;
    for (int i = 0; all.size() < 10 * most_output; ++i) {
        const std::string piece(static_cast<std::size_t>(i * 37 % 9000), static_cast<char>('a' + i % 26));
        all += piece;
        tail.add(piece);
        BOOST_REQUIRE((tail.kept() == std::string_view(all).substr(all.size() - std::min(all.size(), most_output))));
        BOOST_REQUIRE(tail.cut() == (all.size() > most_output));
    }
    const std::string large(3 * most_output, 'z');
    tail.add(large);
    BOOST_TEST((tail.kept() == std::string(most_output, 'z')));
}

BOOST_AUTO_TEST_CASE(control_characters_are_left_out_but_newline_and_tab) {
    BOOST_TEST(shown_output("a\tb\nc\x1b[31md\x07\x7f\0e", false, 100) == "a\tb\nc[31md");
    BOOST_TEST(shown_output(std::string_view("a\0b", 3), false, 100) == "ab");
    BOOST_TEST(shown_output("a\xC2\x85"
                            "b\xE2\x80\xAE"
                            "c",
                            false, 100) == "abc");
}

BOOST_AUTO_TEST_CASE(a_carriage_return_is_a_newline) {
    BOOST_TEST(shown_output("one\r\ntwo\rthree", false, 100) == "one\ntwo\nthree");
}

BOOST_AUTO_TEST_CASE(what_is_no_utf8_is_replaced) {
    BOOST_TEST(shown_output("a\xFF"
                            "b\xC3",
                            false, 100) == "a\xEF\xBF\xBD"
                                           "b\xEF\xBF\xBD");
    BOOST_TEST(shown_output("\xC3\xA4\xF0\x9F\x8E\x9E", false, 100) == "\xC3\xA4\xF0\x9F\x8E\x9E");
}

BOOST_AUTO_TEST_CASE(white_space_at_the_ends_is_left_out) {
    BOOST_TEST(shown_output("\n\n  a \n\t\n", false, 100) == "  a");
    BOOST_TEST(shown_output(" \n\t", false, 100) == "");
    BOOST_TEST(shown_output("", true, 100) == "");
}

BOOST_AUTO_TEST_CASE(a_cut_is_shown_and_falls_between_characters) {
    BOOST_TEST(shown_output("abcdef", false, 3) == "\xE2\x80\xA6"
                                                   "def");
    BOOST_TEST(shown_output("a\xC3\xA4\xC3\xA4", false, 3) == "\xE2\x80\xA6\xC3\xA4");
    BOOST_TEST(shown_output("\xA4"
                            "bc",
                            true, 100) == "\xE2\x80\xA6"
                                          "bc");
    BOOST_TEST(shown_output("abc", false, 3) == "abc");
}

BOOST_AUTO_TEST_CASE(replacing_makes_it_no_longer_than_asked) {
    const std::string shown = shown_output(std::string(1000, '\xFF'), false, 100);
    BOOST_TEST(shown.size() <= 100 + 3);
    BOOST_TEST(shown.ends_with("\xEF\xBF\xBD"));
}

BOOST_AUTO_TEST_SUITE_END()
