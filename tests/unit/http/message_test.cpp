// Requests and responses by themselves.
#include "seedhook/http/message.hpp"

#include "http/connection_response.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace seedhook;
using namespace seedhook::http;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(field_names_compare_without_regard_to_case) {
    BOOST_TEST(same_name("Content-Length", "content-LENGTH"));
    BOOST_TEST(!same_name("Content-Length", "Content-Lengt"));
    BOOST_TEST(!same_name("a@", "a`")); // differ by the bit that tells letters' case
    BOOST_TEST(same_name("", ""));
}

BOOST_AUTO_TEST_CASE(a_field_is_found_only_when_there_is_one_of_it) {
    request r;
    r.fields = {{"A", "1"}, {"B", "2"}, {"b", "3"}};
    BOOST_TEST(r.find("a").value() == "1");
    BOOST_TEST(!r.find("B").has_value());
    BOOST_TEST(!r.find("C").has_value());
    BOOST_TEST(r.count("B") == 2U);
    BOOST_TEST(r.count("c") == 0U);
}

BOOST_AUTO_TEST_CASE(an_error_has_upstreams_shape) {
    const response r = error_response(401, "unauthorized", "say \"please\"\n");
    BOOST_TEST(r.status == 401U);
    BOOST_TEST(r.content_type == "application/json");
    BOOST_TEST(r.body == R"({"success":false,"error":{"code":"unauthorized","message":"say \"please\"\n"}})");
}

BOOST_AUTO_TEST_CASE(percent_escapes_are_decoded_or_refused) {
    BOOST_TEST(percent_decode("a%20b%2Fc%c3%A4+").value() == "a b/c\xc3\xa4+");
    BOOST_TEST(percent_decode("%00").value() == "\0"s);
    BOOST_TEST(percent_decode("").value() == "");
    for (const char* broken : {"%", "%2", "a%", "%g0", "%0g", "%%20", "% 0"}) {
        BOOST_TEST(!percent_decode(broken).has_value(), broken);
    }
}

BOOST_AUTO_TEST_CASE(a_query_value_is_found_by_its_decoded_key) {
    BOOST_TEST(query_value("a=1&b=2%202&c", "b").value() == "2 2");
    BOOST_TEST(query_value("a=1&b=2&b=3", "b").value() == "2");
    BOOST_TEST(query_value("a=1&c", "c").value() == "");
    BOOST_TEST(query_value("%61=x=y", "a").value() == "x=y");
    BOOST_TEST(!query_value("a=1", "b").has_value());
    BOOST_TEST(!query_value("", "a").has_value());
    BOOST_TEST(!query_value("a=%zz", "a").has_value());
    BOOST_TEST(!query_value("aa=1", "a").has_value());
    BOOST_TEST(query_value("&&a=1&", "a").value() == "1");
}

std::string head_of(const response& r, bool to_head = false, bool http_1_0 = false, bool keep_alive = true) {
    response_context context;
    context.http_1_0 = http_1_0;
    context.keep_alive = keep_alive;
    context.to_head = to_head;
    context.date = "D";
    std::string out;
    append_head(out, r, context);
    return out;
}

BOOST_AUTO_TEST_CASE(a_response_says_its_length_type_and_date) {
    response r(200, "text/plain", "hello");
    r.fields.emplace_back("X-A", "b");
    BOOST_TEST(head_of(r) == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\nX-A: b\r\n"
                             "Content-Length: 5\r\n\r\n");
    BOOST_TEST(head_of(r, true) == head_of(r));
    BOOST_TEST(head_of(r, false, false, false).ends_with("Connection: close\r\n\r\n"));
    BOOST_TEST(head_of(r, false, true, true).ends_with("Connection: keep-alive\r\n\r\n"));
    r.close = true;
    BOOST_TEST(head_of(r, false, true, true).ends_with("Connection: close\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_status_without_a_body_has_no_length) {
    BOOST_TEST(head_of(response(204)) == "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
    BOOST_TEST(head_of(response(304, "text/plain", "x")).find("Content-Length") == std::string::npos);
    response_context context;
    std::string out;
    BOOST_TEST((append_head(out, response(204, "", "x"), context).form == body_form::none));
    BOOST_TEST(head_of(response(599)).starts_with("HTTP/1.1 599 "));
}

BOOST_AUTO_TEST_CASE(framing_fields_of_a_handler_are_left_out) {
    response r(200, "", "hello");
    r.fields = {{"content-length", "999"}, {"Transfer-Encoding", "chunked"}, {"Connection", "upgrade"}, {"date", "x"}};
    BOOST_TEST(head_of(r) == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 5\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_response_that_would_break_the_protocol_is_not_sendable) {
    BOOST_TEST(is_sendable(response(200, "text/plain", "a\r\nb")));
    for (const unsigned status : {0U, 100U, 101U, 199U, 600U}) {
        BOOST_TEST(!is_sendable(response(status)));
    }
    BOOST_TEST(!is_sendable(response(200, "a\r\nb", "")));
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"A", "a\r\nSet-Cookie: x"},
                                                                                      {"A", "a\n"},
                                                                                      {"A", "a\r"},
                                                                                      {"A", "a\0"s},
                                                                                      {"A\r\nB", "a"},
                                                                                      {"A:", "b"},
                                                                                      {"", "a"}}) {
        response r(200);
        r.fields.emplace_back(name, value);
        BOOST_TEST(!is_sendable(r), name << ": " << value);
    }
}

BOOST_AUTO_TEST_CASE(the_date_has_the_form_of_rfc_9110) {
    date_text date;
    const std::string text(date.now());
    BOOST_TEST(text.size() == 29U);
    BOOST_TEST(text.substr(3, 2) == ", ");
    BOOST_TEST(text.ends_with(" GMT"));
    std::tm parsed{};
    const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed);
    BOOST_REQUIRE(end != nullptr);
    BOOST_TEST(*end == '\0');
    BOOST_TEST(std::abs(std::difftime(timegm(&parsed), std::time(nullptr))) < 5);
}

} // namespace
