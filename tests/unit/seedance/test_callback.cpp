// The webhook document: what upstream sends is read, and nothing that two readers could understand differently passes.
#include "seedhook/seedance/callback.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace seedhook;
using namespace std::string_literals;
using seedance::read_callback;

namespace {

seedance::task_report must_read(std::string_view body) {
    auto read = read_callback(body);
    BOOST_REQUIRE_MESSAGE(read.has_value(), body << ": " << read.error().message);
    return std::move(*read);
}

void must_refuse(std::string_view body, std::string_view why = "") {
    const auto read = read_callback(body);
    BOOST_REQUIRE_MESSAGE(!read.has_value(), "accepted: " << body);
    BOOST_TEST((read.error().code == errc::invalid));
    BOOST_TEST(read.error().message.find(why) != std::string::npos, read.error().message);
}

// A whole callback with `rest` as further members.
std::string with(std::string_view rest) {
    return R"({"requestId":"r1","status":"succeeded",)" + std::string(rest) + "}";
}

// `levels` nested arrays within the document's object, which is a level itself.
std::string nested(std::size_t levels, char open, std::string_view close) {
    std::string text;
    for (std::size_t i = 0; i < levels; ++i) {
        text += open == '[' ? "[" : R"({"a":)";
    }
    text += "1";
    for (std::size_t i = 0; i < levels; ++i) {
        text += close;
    }
    return with(R"("x":)" + text);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_documented_callback_is_read) {
    const auto report = must_read(R"({ "success": true, "requestId": "req_1234567890", "status": "succeeded",
        "output": {"type": "video", "url": "https://pub-your-bucket.r2.dev/open-api-results/req_1234567890.mp4"},
        "error": null })");
    BOOST_TEST(report.request_id == "req_1234567890");
    BOOST_TEST((report.status == task_status::succeeded));
    BOOST_TEST(report.status_text == "succeeded");
    BOOST_TEST(report.video_url == "https://pub-your-bucket.r2.dev/open-api-results/req_1234567890.mp4");
    BOOST_TEST(!report.failure.has_value());
}

BOOST_AUTO_TEST_CASE(every_status_is_told_apart_and_an_unknown_one_is_kept_as_text) {
    const auto status_of = [](const std::string& text) {
        return must_read(R"({"requestId":"r","status":")" + text + "\"}").status;
    };
    BOOST_TEST((status_of("queued") == task_status::queued));
    BOOST_TEST((status_of("processing") == task_status::processing));
    BOOST_TEST((status_of("succeeded") == task_status::succeeded));
    BOOST_TEST((status_of("failed") == task_status::failed));
    BOOST_TEST((status_of("cancelled") == task_status::cancelled));
    BOOST_TEST(!status_of("exploded").has_value());
    BOOST_TEST(!status_of("Succeeded").has_value());
    BOOST_TEST(!status_of("").has_value());
    BOOST_TEST(!status_of("expired").has_value()); // ours: upstream cannot say it
    BOOST_TEST(must_read(R"({"requestId":"r","status":"exploded"})").status_text == "exploded");
}

BOOST_AUTO_TEST_CASE(error_may_be_null_a_string_an_object_or_anything_else) {
    BOOST_TEST(!must_read(with(R"("error":null)")).failure.has_value());
    BOOST_TEST(!must_read(with(R"("error":7)")).failure.has_value());
    BOOST_TEST(!must_read(with(R"("error":["x",{"code":"y"}])")).failure.has_value());
    BOOST_TEST((must_read(with(R"("error":"too dark")")).failure == task_failure{"", "too dark"}));
    BOOST_TEST((must_read(with(R"("error":{"code":"nsfw","message":"no"})")).failure == task_failure{"nsfw", "no"}));
    BOOST_TEST((must_read(with(R"("error":{"code":5,"message":["a"]})")).failure == task_failure{}));
    BOOST_TEST((must_read(with(R"("error":{"code":{"code":"deep"},"message":"m"})")).failure == task_failure{"", "m"}));
    BOOST_TEST((must_read(with(R"("error":{})")).failure == task_failure{}));
}

BOOST_AUTO_TEST_CASE(long_error_texts_are_cut_at_a_character) {
    const auto failure = must_read(with(R"("error":{"code":")" + std::string(127, 'c') + R"(ü","message":")" +
                                        std::string(10'000, 'm') + R"("})"))
                             .failure;
    BOOST_TEST(failure->code == std::string(127, 'c'));
    BOOST_TEST(failure->message == std::string(4096, 'm'));
    BOOST_TEST(must_read(with(R"("error":")" + std::string(60'000, 'x') + '"')).failure->message.size() == 4096u);
}

BOOST_AUTO_TEST_CASE(only_a_usable_http_url_is_taken) {
    const auto url_of = [](const std::string& value) {
        return must_read(with(R"("output":{"type":"video","url":)" + value + "}")).video_url;
    };
    BOOST_TEST(url_of(R"("https://a.example/v.mp4?sig=%2F&x=1")") == "https://a.example/v.mp4?sig=%2F&x=1");
    BOOST_TEST(url_of(R"("HTTP://a.example:8080/")") == "HTTP://a.example:8080/");
    BOOST_TEST(url_of(R"("https:\/\/a.example\/v")") == "https://a.example/v");
    for (const std::string_view hostile : {"",
                                           "ftp://a.example/v",
                                           "file:///etc/passwd",
                                           "javascript:alert%281%29",
                                           "/v.mp4",
                                           "//a.example/v",
                                           "a.example/v",
                                           "https:",
                                           "https://",
                                           "https:///v",
                                           "https://a.example/a b",
                                           "https://a.example/\\r\\nHost: x",
                                           "https://a.example/\\u0000",
                                           "https://a.example/\\u007f",
                                           "https://ä.example/",
                                           " https://a.example/",
                                           "https://[::1/",
                                           "https://a.example/%zz",
                                           "https://a.example:port/",
                                           "https://a.example:99999/",
                                           "https://user:pw@a.example/",
                                           "http://2130706433/"}) {
        BOOST_TEST(url_of('"' + std::string(hostile) + '"') == "", hostile);
    }
    for (const char* value : {"null", "5", "[]", "{}", "true"}) {
        BOOST_TEST(url_of(value) == "", value);
    }
    BOOST_TEST(url_of("\"https://a.example/" + std::string(8192 - 18, 'v') + '"').size() == 8192u);
    BOOST_TEST(url_of("\"https://a.example/" + std::string(8193 - 18, 'v') + '"') == "");
}

BOOST_AUTO_TEST_CASE(output_and_url_may_be_absent_or_of_any_type) {
    for (const char* output : {"null", "1", "\"https://a.example/\"", "[\"https://a.example/\"]", "{}",
                               R"([{"url":"https://a.example/"}])", R"({"url":{"url":"https://a.example/"}})"}) {
        BOOST_TEST(must_read(with(R"("output":)"s + output)).video_url == "", output);
    }
    BOOST_TEST(must_read(R"({"requestId":"r","status":"failed"})").video_url == "");
    // `url` elsewhere is somebody else's.
    BOOST_TEST(must_read(with(R"("url":"https://a.example/","x":{"url":"https://b.example/"})")).video_url == "");
}

BOOST_AUTO_TEST_CASE(a_request_id_is_checked) {
    const auto with_id = [](std::string_view id) {
        return R"({"requestId":)" + std::string(id) + R"(,"status":"failed"})";
    };
    must_read(with_id("\"" + std::string(128, 'a') + "\""));
    must_read(with_id(R"("A-z.0_9~:")"));
    BOOST_TEST(must_read(with_id(R"("\u0072\u0065q")")).request_id == "req");
    for (const char* bad :
         {"null", "5", "true", "[]", "{}", "[\"r\"]", "\"\"", "\"../../etc/passwd\"", "\".hidden\"", "\"-rf\"",
          "\"a/b\"", R"("a\\b")", "\"a b\"", R"("a\u0000")", R"("a\n")", "\"ä\"", "\"a%2f\""}) {
        must_refuse(with_id(bad), "`requestId`");
    }
    must_refuse(with_id("\"" + std::string(129, 'a') + "\""), "`requestId`");
    must_refuse(with_id("\"" + std::string(60'000, 'a') + "\""), "`requestId`");
    must_refuse(R"({"status":"failed"})", "`requestId`");
    must_refuse(R"({"RequestId":"r","status":"failed"})", "`requestId`");
    must_refuse(R"({"data":{"requestId":"r"},"status":"failed"})", "`requestId`");
}

BOOST_AUTO_TEST_CASE(a_status_is_required_as_a_string) {
    must_refuse(R"({"requestId":"r"})", "`status`");
    for (const char* bad : {"null", "5", "true", "[]", "{}", "[\"failed\"]"}) {
        must_refuse(R"({"requestId":"r","status":)"s + bad + "}", "`status`");
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_one_json_object_is_refused) {
    must_refuse("", "empty");
    for (const char* body : {" ",
                             "null",
                             "5",
                             "-1.5e3",
                             "true",
                             "\"text\"",
                             "[]",
                             R"([{"requestId":"r","status":"failed"}])",
                             "{",
                             "}",
                             "{]",
                             "<html>",
                             R"({"requestId":"r","status":"failed")",
                             R"({"requestId":"r","status":"failed",})",
                             R"({'requestId':'r','status':'failed'})",
                             R"({requestId:"r","status":"failed"})",
                             R"({"requestId":"r" "status":"failed"})",
                             R"(/**/{"requestId":"r","status":"failed"})",
                             R"({"requestId":"r","status":"failed","x":NaN})",
                             R"({"requestId":"r","status":"failed","x":01})",
                             R"({"requestId":"r","status":"failed","x":.5})",
                             "{\"requestId\":\"r\n\",\"status\":\"failed\"}",
                             R"({"requestId":"r","status":"failed","x":"\x41"})"}) {
        must_refuse(body);
    }
}

BOOST_AUTO_TEST_CASE(nothing_but_white_space_may_follow_or_precede) {
    const std::string good = R"({"requestId":"r","status":"failed"})";
    must_read(" \t\r\n" + good + "\r\n \t");
    for (const std::string& tail : {"x"s, "{}"s, ","s, "\0"s, "\v"s, " //c"s, good}) {
        must_refuse(good + tail);
    }
    must_refuse("\xef\xbb\xbf" + good); // a byte order mark
}

BOOST_AUTO_TEST_CASE(repeated_keys_are_refused_at_any_depth) {
    constexpr std::string_view why = "appears twice";
    must_refuse(R"({"requestId":"r1","status":"failed","requestId":"r2"})", why);
    must_refuse(R"({"requestId":"r1","status":"failed","status":"succeeded"})", why);
    must_refuse(R"({"requestId":"r1","status":"failed","request\u0049d":"r2"})",
                why); // the same key, written otherwise
    must_refuse(with(R"("output":{"url":"https://a.example/","url":"https://b.example/"})"), why);
    must_refuse(with(R"("x":1,"y":2,"x":3)"), why);
    must_refuse(with(R"("x":[[{"a":{"b":1,"c":2,"b":3}}]])"), why);
    must_refuse(with(R"("":1,"":2)"), why);
    must_read(with(R"("x":{"x":{"x":1}},"y":[{"x":1},{"x":2}],"requestid":"other")"));
}

BOOST_AUTO_TEST_CASE(a_model_is_read_if_it_is_there_and_cut_if_it_is_long) {
    BOOST_TEST(must_read(with(R"("model":"seedance-2.0-fast")")).model == "seedance-2.0-fast");
    BOOST_TEST(must_read(with(R"("x":1)")).model == "");
    for (const char* other : {"null", "2", "true", "[\"m\"]", R"({"model":"m"})"}) {
        BOOST_TEST(must_read(with(R"("model":)"s + other)).model == "", other);
    }
    BOOST_TEST(must_read(with(R"("output":{"model":"deep"})")).model == "");
    BOOST_TEST(must_read(with(R"("model":"a\u0000b")")).model == "a b");
    BOOST_TEST(must_read(with(R"("model":")" + std::string(127, 'm') + "ü\"")).model == std::string(127, 'm'));
}

BOOST_AUTO_TEST_CASE(an_object_of_very_many_keys_is_read_and_still_checked) {
    std::string many;
    for (int i = 0; i < 6000; ++i) {
        many += "\"k" + std::to_string(i) + "\":0,";
    }
    must_read(with(many + R"("last":1)"));
    must_refuse(with(many + R"("k17":1)"), "appears twice");
}

BOOST_AUTO_TEST_CASE(nesting_is_allowed_to_32_and_no_further) {
    must_read(nested(31, '[', "]"));
    must_read(nested(31, '{', "}"));
    must_refuse(nested(32, '[', "]"));
    must_refuse(nested(32, '{', "}"));
    must_refuse(std::string(60'000, '['));
    must_refuse(with(R"("x":)" + std::string(60'000, '[')));
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_refused_wherever_it_stands) {
    for (const std::string bytes :
         {"\xff", "\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f"}) {
        must_refuse(with("\"x\":\"" + bytes + "\""));
        must_refuse(with("\"" + bytes + "\":1"));
        must_refuse(with("\"error\":\"" + bytes + "\""));
    }
    must_refuse(with(R"("x":"\ud800")"));       // half a pair
    must_refuse(with(R"("x":"\udc00\ud800")")); // the wrong way round
    must_read(with(R"("x":"größe 東京 😀 \ud83d\ude00")"));
}

BOOST_AUTO_TEST_CASE(unknown_fields_of_every_type_are_passed_over) {
    must_read(with(R"("success":"no","a":1e400,"b":123456789012345678901234567890,"c":[1,[2,{"d":null}]],"e":-0.0)"));
    must_read(with(R"("success":false)"));
}

BOOST_AUTO_TEST_CASE(a_nul_in_a_text_does_not_reach_the_store) {
    const auto report =
        must_read(R"({"requestId":"r","status":"fai\u0000led","error":{"code":"a\u0000b","message":"\u0000"}})");
    BOOST_TEST(report.status_text == "fai led");
    BOOST_TEST(report.failure->code == "a b");
    BOOST_TEST(report.failure->message == " ");
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_good_callback_is_refused_without_harm) {
    const std::string good =
        R"({"requestId":"r1","status":"failed","output":{"url":"https:\/\/a\u002ex/"},"error":{"code":"ä","x":[1.5e3,true]}})";
    for (std::size_t n = 0; n < good.size(); ++n) {
        must_refuse(std::string_view(good).substr(0, n));
    }
    must_read(good);
}
