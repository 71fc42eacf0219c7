// What is a URL for us, what is not, and where references lead.
#include "seedhook/http/url.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace {

using seedhook::errc;
using seedhook::http::host_matches;
using seedhook::http::parse_url;
using seedhook::http::resolve_url;
using seedhook::http::url;

url parsed(std::string_view text) {
    auto out = parse_url(text);
    BOOST_REQUIRE_MESSAGE(out, text);
    return *out;
}

void refused_with(errc code, std::string_view text) {
    const auto out = parse_url(text);
    BOOST_REQUIRE_MESSAGE(!out, text);
    BOOST_TEST((out.error().code == code), text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_url)

BOOST_AUTO_TEST_CASE(a_url_falls_into_its_parts) {
    const url one = parsed("HTTPS://Videos.Example.COM:8443/a%20b/c?x=1&y=%2F#part");
    BOOST_TEST(one.scheme == "https");
    BOOST_TEST(one.host == "videos.example.com");
    BOOST_TEST(one.port == 8443);
    BOOST_TEST(one.target == "/a%20b/c?x=1&y=%2F");
    BOOST_TEST(!one.address.has_value());
    BOOST_TEST(one.authority() == "videos.example.com:8443");
    BOOST_TEST(one.origin() == "https://videos.example.com:8443");
    BOOST_TEST(one.text() == "https://videos.example.com:8443/a%20b/c?x=1&y=%2F");
}

BOOST_AUTO_TEST_CASE(what_is_left_out_is_filled_in) {
    BOOST_TEST(parsed("https://a.example").port == 443);
    BOOST_TEST(parsed("http://a.example").port == 80);
    BOOST_TEST(parsed("http://a.example:").port == 80);
    BOOST_TEST(parsed("https://a.example").target == "/");
    BOOST_TEST(parsed("https://a.example?q").target == "/?q");
    BOOST_TEST(parsed("https://a.example/?").target == "/?");
    BOOST_TEST(parsed("https://a.example#f").target == "/");
    BOOST_TEST(parsed("https://a.example:443/").authority() == "a.example");
    BOOST_TEST(parsed("http://a.example:443/").authority() == "a.example:443");
    BOOST_TEST(parsed("http://my_bucket.localhost/").host == "my_bucket.localhost");
}

BOOST_AUTO_TEST_CASE(addresses_are_recognised) {
    BOOST_TEST(parsed("http://192.0.2.7/").address.value().to_string() == "192.0.2.7");
    const url six = parsed("http://[2001:DB8:0::1]:81/");
    BOOST_TEST(six.host == "2001:db8::1");
    BOOST_TEST(six.authority() == "[2001:db8::1]:81");
    BOOST_TEST(six.text() == "http://[2001:db8::1]:81/");
    BOOST_TEST(parsed("http://[::ffff:10.0.0.1]/").address.value().is_v6());
}

BOOST_AUTO_TEST_CASE(a_host_that_a_resolver_could_take_for_an_address_is_refused) {
    for (const char* text :
         {"http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/", "http://127.0.1/",
          "http://0177.0.0.1/", "http://127.0.0.01/", "http://127.0.0.256/", "http://127.0.0.1.5/", "http://1.2.3.4./",
          "http://0/", "http://0x/", "http://a.0x7f/", "http://example.1/", "http://0X7F.0.0.1/"}) {
        refused_with(errc::invalid, text);
    }
    BOOST_TEST(parsed("http://abc.de/").host == "abc.de"); // all hex digits, but no number
    BOOST_TEST(parsed("http://1.2.3.4.example/").host == "1.2.3.4.example");
    BOOST_TEST(parsed("http://0x7f.example/").host == "0x7f.example");
}

BOOST_AUTO_TEST_CASE(strange_hosts_are_refused) {
    for (const char* text : {"http://",
                             "http:///path",
                             "http:/a",
                             "http:a",
                             "https:",
                             "//a.example/",
                             "a.example",
                             "/path",
                             "",
                             "http://a..b/",
                             "http://.a/",
                             "http://a.example./",
                             "http://-a.example/",
                             "http://a-/",
                             "http://ex%61mple.com/",
                             "http://a%2eb/",
                             "http://a%00b/",
                             "http://[fe80::1%25eth0]/",
                             "http://[v1.fe]/",
                             "http://[::1/",
                             "http://::1/",
                             "http://[::1]x/",
                             "http://[::1]80/",
                             "http://[::1%1]/",
                             "http://[::1]]/",
                             "http://[]/",
                             "http://[1.2.3.4]/",
                             "http://a,b/",
                             "http://a*b/",
                             "http://*/",
                             "http://a!b/"}) {
        refused_with(errc::invalid, text);
    }
    refused_with(errc::invalid, "http://" + std::string(64, 'a') + ".example/");
    std::string long_host;
    for (int i = 0; i < 60; ++i) {
        long_host += "abcd.";
    }
    refused_with(errc::invalid, "http://" + long_host + "example/");
}

BOOST_AUTO_TEST_CASE(user_information_is_refused) {
    for (const char* text : {"https://user@a.example/", "https://user:pass@a.example/", "https://@a.example/",
                             "https://a.example@127.0.0.1/", "https://a.example:80@b.example/"}) {
        refused_with(errc::invalid, text);
    }
}

BOOST_AUTO_TEST_CASE(control_characters_and_other_bytes_no_url_has_are_refused) {
    using namespace std::string_view_literals;
    for (const std::string_view text :
         {"https://a.example/\r\nX: y"sv, "https://a.example/\n"sv, "https://a.example/\0"sv, "https://a.example/\t"sv,
          "https://a.example/ b"sv, " https://a.example/"sv, "https://a.example/\x7f"sv, "https://a.example/\xc3\xa9"sv,
          "https://\xc3\xa9.example/"sv, "https://a.example\r\n/"sv, "https://a.example/<b>"sv,
          "https://a.example/\"b"sv, "https://a.example/a\\b"sv, "https://a.example\\@b/"sv, "https://a.example/%zz"sv,
          "https://a.example/%1"sv}) {
        refused_with(errc::invalid, text);
    }
}

BOOST_AUTO_TEST_CASE(other_schemes_are_refused_by_policy) {
    for (const char* text : {"ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "javascript:alert(1)",
                             "data:text/plain,x", "unix:/run/x.sock", "httpss://a.example/"}) {
        refused_with(errc::refused, text);
    }
}

BOOST_AUTO_TEST_CASE(bad_ports_and_long_urls_are_refused) {
    for (const char* text : {"http://a:0/", "http://a:65536/", "http://a:99999999999/", "http://a:-1/", "http://a:8x/",
                             "http://a:80:80/", "http://a:+80/"}) {
        refused_with(errc::invalid, text);
    }
    BOOST_TEST(parsed("http://a:65535/").port == 65535);
    refused_with(errc::invalid, "http://a/" + std::string(8 * 1024, 'x'));
}

BOOST_AUTO_TEST_CASE(errors_do_not_repeat_the_url) {
    const auto out = parse_url("https://user:secret@a.example/?token=secret");
    BOOST_TEST(out.error().message.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(references_resolve_as_rfc_3986_says) {
    const url base = parsed("http://a/b/c/d;p?q");
    for (const auto& [reference, target] :
         {std::pair("g", "http://a/b/c/g"), std::pair("./g", "http://a/b/c/g"), std::pair("g/", "http://a/b/c/g/"),
          std::pair("/g", "http://a/g"), std::pair("//g", "http://g/"), std::pair("?y", "http://a/b/c/d;p?y"),
          std::pair("g?y", "http://a/b/c/g?y"), std::pair("#s", "http://a/b/c/d;p?q"),
          std::pair("g#s", "http://a/b/c/g"), std::pair(";x", "http://a/b/c/;x"), std::pair("..", "http://a/b/"),
          std::pair("../g", "http://a/b/g"), std::pair("../../g", "http://a/g"), std::pair("../../../g", "http://a/g"),
          std::pair("https://x.example:1/y?z", "https://x.example:1/y?z"),
          std::pair("http://x.example/a/../b/.?c/../d", "http://x.example/b/?c/../d"),
          std::pair("//x.example/./a/..", "http://x.example/")}) {
        const auto out = resolve_url(base, reference);
        BOOST_REQUIRE_MESSAGE(out, reference);
        BOOST_TEST(out->text() == target, reference);
    }
}

BOOST_AUTO_TEST_CASE(hostile_references_are_refused) {
    const url base = parsed("https://a.example/b");
    for (const char* reference : {"/x\r\nSet-Cookie: a=b", "https://user@b.example/", "https://127.1/", "/ x",
                                  "//2130706433/", "https://[fe80::1%25lo]/", "http://"}) {
        const auto out = resolve_url(base, reference);
        BOOST_REQUIRE_MESSAGE(!out, reference);
        BOOST_TEST((out.error().code == errc::invalid), reference);
    }
    BOOST_TEST((resolve_url(base, "file:///etc/passwd").error().code == errc::refused));
}

BOOST_AUTO_TEST_CASE(host_patterns_match_whole_labels) {
    BOOST_TEST(host_matches("a.example", "A.Example"));
    BOOST_TEST(!host_matches("a.example", "b.a.example"));
    BOOST_TEST(host_matches("*.a.example", "b.a.example"));
    BOOST_TEST(host_matches("*.a.example", "c.b.a.example"));
    BOOST_TEST(!host_matches("*.a.example", "a.example"));
    BOOST_TEST(!host_matches("*.a.example", "ba.example"));
    BOOST_TEST(!host_matches("*.a.example", ".a.example"));
    BOOST_TEST(!host_matches("", "a.example"));
}

BOOST_AUTO_TEST_SUITE_END()
