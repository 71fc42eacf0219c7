// What is read of a submission, and that nothing else of it changes.
#include "gateway/document.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace seedhook;
using seedhook::gateway::read_submission;

namespace {

const std::string url = "https://h.example/a?b=c";
const std::string added = R"("webhookUrl":"https://h.example/a?b=c")";

std::string body_of(const std::string& document, const std::string& callback = url) {
    return read_submission(document, callback).value().body;
}

std::string why_not(const std::string& document) {
    const auto read = read_submission(document, url);
    return read ? "(taken)" : read.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_callback_url_is_added_and_no_other_byte_changes) {
    BOOST_TEST(body_of("{}") == "{" + added + "}");
    BOOST_TEST(body_of(" \r\n\t{ } \n") == " \r\n\t{" + added + " } \n");
    BOOST_TEST(body_of(R"({"model":"m"})") == "{" + added + R"(,"model":"m"})");
    const std::string odd = R"( "n" : 1.50e+3, "big":12345678901234567890123, "x":[{"webhookUrl":"inner"},"}\"{,\\"],)"
                            "\n \"u\":\"\\u00e9\\ud83d\\ude00ü\", \"d\":{\"k\":{\"webhookUrl\":null}}, \"e\":[ ] }";
    BOOST_TEST(body_of("{" + odd) == "{" + added + "," + odd);
    BOOST_CHECK_NO_THROW(boost::json::parse(body_of("{" + odd)));
}

BOOST_AUTO_TEST_CASE(a_callback_url_that_the_app_set_is_kept) {
    for (const std::string document : {R"({"webhookUrl":"https://app.example/"})",
                                       R"({"a":"\"webhookUrl\"","webhookUrl" : "https://app.example/" })",
                                       R"({"\u0077ebhookUrl":"https://app.example/"})", R"({"webhookUrl":""})",
                                       R"({"webhookUrl":7})", R"({"webhookUrl":{"a":[1]}})"}) {
        BOOST_TEST(body_of(document) == document);
        const auto read = gateway::read_submission(document, "https://h.example/a?b=c").value();
        BOOST_TEST((read.called_back == callbacks::elsewhere));
    }
}

BOOST_AUTO_TEST_CASE(a_callback_comes_here_unless_the_app_named_another_place) {
    for (const std::string document : {"{}", R"({"webhookUrl":null})", R"({"webhookUrl":"https:\/\/h.example"})"}) {
        BOOST_TEST((gateway::read_submission(document, "https://h.example").value().called_back == callbacks::here));
    }
}

BOOST_AUTO_TEST_CASE(a_callback_url_that_is_null_is_none) {
    BOOST_TEST(body_of(R"({"a":null,"webhookUrl": null ,"b":1})") ==
               R"({"a":null,"webhookUrl": "https://h.example/a?b=c" ,"b":1})");
    BOOST_TEST(body_of(R"({"webhook\u0055rl":null})") == R"({"webhook\u0055rl":"https://h.example/a?b=c"})");
}

BOOST_AUTO_TEST_CASE(without_a_callback_url_nothing_is_added) {
    for (const std::string document : {"{}", R"({"webhookUrl":null})", R"({"model":"m"})"}) {
        BOOST_TEST(body_of(document, "") == document);
    }
}

BOOST_AUTO_TEST_CASE(a_callback_url_cannot_break_out_of_its_string) {
    BOOST_TEST(body_of("{}", "a\",\"b\":\"\\") == R"({"webhookUrl":"a\",\"b\":\"\\"})");
}

BOOST_AUTO_TEST_CASE(what_is_not_one_plain_object_is_refused) {
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("[]"), std::string("\"a\""), std::string("1"),
          std::string("null"), std::string("{}{}"), std::string("{} x"), std::string("{\"a\":1,}"),
          std::string("{'a':1}"), std::string("{\"a\":\"\xff\"}"), std::string("\xef\xbb\xbf{}"),
          std::string("{\"a\":1 /* x */}"), std::string("{\"a\":NaN}"), std::string("{\"a\":\"\n\"}"),
          std::string("{\"a\0\":1}", 8)}) {
        BOOST_TEST(why_not(bad).starts_with("the body is not "), bad << ": " << why_not(bad));
    }
    const std::string deep = std::string(40, '[') + std::string(40, ']');
    BOOST_TEST(why_not("{\"a\":" + deep + "}") == "the body nests too deeply");
}

BOOST_AUTO_TEST_CASE(a_key_that_comes_twice_is_refused_wherever_it_stands) {
    for (const std::string bad :
         {R"({"webhookUrl":null,"webhookUrl":"https://evil.example"})", R"({"webhookUrl":1,"webhook\u0055rl":2})",
          R"({"a":{"b":1,"b":2}})", R"({"a":[1,{"b":{"c":1,"d":[],"c":2}}]})", R"({"":1,"":2})"}) {
        BOOST_TEST(why_not(bad) == "a key appears twice in one object", bad);
    }
    BOOST_TEST(why_not(R"({"a":{"a":{"a":[{"a":1},{"a":1}]}}})") == "(taken)");
}

BOOST_AUTO_TEST_CASE(model_and_metadata_are_read_as_they_were_sent) {
    const auto read =
        read_submission(R"({"model":"seed\u0061nce","metadata": {"n":1.50, "k":"v"} ,"prompt":"p"})", url);
    BOOST_TEST(read->model == "seedance");
    BOOST_TEST(read->metadata == R"({"n":1.50, "k":"v"})");
    for (const std::string odd : {R"({"model":7,"metadata":[1]})", R"({"a":{"model":"m","metadata":{"a":1}}})",
                                  R"({"model":null,"metadata":"{}"})", "{}"}) {
        BOOST_TEST(read_submission(odd, url)->model == "", odd);
        BOOST_TEST(read_submission(odd, url)->metadata == "{}", odd);
    }
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_bounded) {
    const std::string wide = R"({"model":")" + std::string(127, 'm') + "üü" + R"(","metadata":{"a":")" +
                             std::string(17000, 'x') + R"("},"prompt":")" + std::string(100, 'p') + R"("})";
    const auto read = read_submission(wide, "");
    BOOST_TEST(read->model == std::string(127, 'm'));
    BOOST_TEST(read->metadata == "{}");
    BOOST_TEST(read->what == std::string(127, 'm') + ": " + std::string(80, 'p') + "…");
    BOOST_TEST(read->body == wide);
}

BOOST_AUTO_TEST_CASE(what_a_person_reads_cannot_drive_a_terminal) {
    const auto read = read_submission(R"({"model":"m\u001b","prompt":"a\n\u001b[31m\u202e"})", url);
    BOOST_TEST(read->what == R"(m\x1b: a\n\x1b[31m\u{202e})");
    BOOST_TEST(read_submission(R"({"model":"a\u0000b"})", url)->model == "a");
}
