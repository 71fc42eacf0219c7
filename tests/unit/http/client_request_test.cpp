// The bytes of outgoing requests, and what never gets into them.
#include "http/client_request.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace {

using seedhook::errc;
using seedhook::http::field_list;
using seedhook::http::make_request_text;
using seedhook::http::request_head;

request_head head_with(const field_list& fields) {
    request_head head;
    head.method = "GET";
    head.target = "/a?b=c";
    head.host = "a.example";
    head.fields = &fields;
    return head;
}

void refused(const request_head& head, std::string_view what) {
    const auto text = make_request_text(head);
    BOOST_REQUIRE_MESSAGE(!text, what);
    BOOST_TEST((text.error().code == errc::invalid), what);
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_client_request)

BOOST_AUTO_TEST_CASE(a_request_is_its_line_host_fields_and_length) {
    const field_list fields{{"Accept", "*/*"}, {"X-Empty", ""}, {"X-Text", "caf\xc3\xa9\tau lait"}};
    request_head head = head_with(fields);
    BOOST_TEST(make_request_text(head).value() == "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n"
                                                  "X-Empty: \r\nX-Text: caf\xc3\xa9\tau lait\r\n\r\n");
    head.method = "POST";
    head.close = true;
    head.proxy_authorization = "Basic eDp5";
    BOOST_TEST(make_request_text(head).value().ends_with(
        "\r\nProxy-Authorization: Basic eDp5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    head.method = "DELETE";
    head.body_size = 12;
    BOOST_TEST(make_request_text(head).value().ends_with("\r\nContent-Length: 12\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(no_control_character_gets_into_a_request) {
    for (int c = 0; c < 256; ++c) {
        const bool control = c < 0x20 || c == 0x7f;
        const std::string text = std::string("a") + static_cast<char>(c) + "b";
        const field_list none;
        const field_list value{{"X-A", text}};
        const field_list name{{text, "v"}};
        request_head by_target = head_with(none);
        by_target.target = text;
        request_head by_method = head_with(none);
        by_method.method = text;
        request_head by_host = head_with(none);
        by_host.host = text;
        request_head by_proxy = head_with(none);
        by_proxy.proxy_authorization = text;
        BOOST_TEST_CONTEXT("byte " << c) {
            BOOST_TEST(make_request_text(head_with(value)).has_value() == (!control || c == '\t'));
            if (control || c == ' ' || c >= 0x7f) {
                refused(by_target, "target");
                refused(by_host, "host");
                refused(by_method, "method");
                refused(head_with(name), "name");
            }
            if (control && c != '\t') {
                refused(by_proxy, "proxy authorization");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(separators_are_no_part_of_names_and_methods) {
    for (const char c : std::string_view("\"(),/:;<=>?@[\\]{} ")) {
        const std::string text = std::string("a") + c;
        const field_list name{{text, "v"}};
        refused(head_with(name), text);
        const field_list none;
        request_head by_method = head_with(none);
        by_method.method = text;
        refused(by_method, text);
    }
    const field_list empty{{"", "v"}};
    refused(head_with(empty), "an empty name");
    const field_list none;
    request_head no_method = head_with(none);
    no_method.method = "";
    refused(no_method, "an empty method");
    request_head no_target = head_with(none);
    no_target.target = "";
    refused(no_target, "an empty target");
}

BOOST_AUTO_TEST_CASE(the_fields_that_frame_a_message_are_not_the_callers) {
    for (const char* name : {"Host", "content-length", "Transfer-Encoding", "CONNECTION", "TE", "Trailer", "Upgrade",
                             "Keep-Alive", "Proxy-Connection", "Proxy-Authorization"}) {
        const field_list fields{{name, "x"}};
        refused(head_with(fields), name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
