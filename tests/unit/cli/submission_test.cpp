// What is sent to upstream, and the lists that commands are given.
#include "cli/input.hpp"
#include "cli/submission.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace seedhook::cli;

namespace {

submission about(const std::string& prompt) {
    submission s;
    s.prompt = prompt;
    s.model = "seedance-2.0";
    return s;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_submission_holds_what_was_given_and_no_more) {
    BOOST_TEST(*document_of(about("a \"river\"\n")) == R"({"model":"seedance-2.0","prompt":"a \"river\"\n"})");
    submission s = about("p");
    s.seconds = 5;
    s.aspect_ratio = "16:9";
    s.resolution = "720p";
    s.media_urls = {"https://a.example/1.jpg", "https://a.example/2.jpg"};
    s.metadata = {"project=x=y", "empty="};
    s.webhook_url = "https://h.example/";
    BOOST_TEST(*document_of(s) == R"({"model":"seedance-2.0","prompt":"p","aspectRatio":"16:9","resolution":"720p",)"
                                  R"("webhookUrl":"https://h.example/","duration":5,)"
                                  R"("mediaUrls":["https://a.example/1.jpg","https://a.example/2.jpg"],)"
                                  R"("metadata":{"project":"x=y","empty":""}})");
}

BOOST_AUTO_TEST_CASE(an_empty_prompt_bad_metadata_and_broken_utf8_are_usage_errors) {
    for (const std::string prompt : {"", " \n\t", "\xff", "caf\xc3"}) {
        BOOST_TEST(document_of(about(prompt)).error().exit_code == exit_usage);
    }
    for (const std::vector<std::string>& metadata :
         {std::vector<std::string>{"x"}, {"=x"}, {""}, {"a=1", "a=2"}, {"a=\xff"}}) {
        submission s = about("p");
        s.metadata = metadata;
        BOOST_TEST(document_of(s).error().exit_code == exit_usage);
    }
}

BOOST_AUTO_TEST_CASE(a_raw_body_gets_its_source_and_keeps_every_byte) {
    const std::string body = " { \"seed\":12345678901234567890123, \"f\":1.10 }\n";
    BOOST_TEST(*addressed(body, "") == body);
    BOOST_TEST(*addressed(body, "ma\"in") ==
               " {\"source\":\"ma\\\"in\", \"seed\":12345678901234567890123, \"f\":1.10 }\n");
    BOOST_TEST(*addressed("{ }", "main") == "{\"source\":\"main\" }");
    for (const std::string none : {"", "[]", "\"x\"", "{", "{} {}", "{\"a\":\xff}"}) {
        BOOST_TEST(addressed(none, "main").error().exit_code == exit_failed);
    }
}

BOOST_AUTO_TEST_CASE(ids_stand_one_a_line_among_comments_and_blanks) {
    const auto ids = ids_in_lines("# mine\r\nreq_1\r\n\n   \t\n  req:2~x \n #req_3\nreq_4");
    BOOST_TEST(*ids == (std::vector<std::string>{"req_1", "req:2~x", "req_4"}), boost::test_tools::per_element());
    BOOST_TEST(ids_in_lines("")->empty());
    BOOST_TEST(ids_in_lines("\n\n")->empty());
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_id_is_named_and_shown_harmlessly) {
    const auto ids = ids_in_lines("req_1\n\n# x\nreq 2\x1b[2J\nreq_3");
    BOOST_TEST(ids.error().exit_code == exit_failed);
    BOOST_TEST(ids.error().text == "seedhook: line 4 is no requestId: req 2\\x1b[2J\nNothing was sent.\n");
}
