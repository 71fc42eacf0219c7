// Reading proxies from settings and environment, and who goes through them.
#include "http/proxy.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace {

using seedhook::errc;
using seedhook::http::parse_proxy;
using seedhook::http::parse_url;
using seedhook::http::proxy_exception;
using seedhook::http::proxy_settings;
using seedhook::http::proxy_table;

bool covers(const std::string& exception, const std::string& url) {
    const auto parsed = proxy_exception::parse(exception);
    BOOST_REQUIRE_MESSAGE(parsed, exception);
    return parsed->covers(parse_url(url).value());
}

// Sets variables for one test, and puts back what was there.
class environment {
public:
    environment(std::initializer_list<std::pair<const char*, const char*>> set) {
        for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}) {
            const char* old = std::getenv(name);
            before_[name] = old == nullptr ? std::nullopt : std::optional<std::string>(old);
            ::unsetenv(name);
        }
        for (const auto& [name, value] : set) {
            ::setenv(name, value, 1);
        }
    }
    ~environment() {
        for (const auto& [name, value] : before_) {
            value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
        }
    }

private:
    std::map<std::string, std::optional<std::string>> before_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(http_proxy)

BOOST_AUTO_TEST_CASE(a_proxy_has_a_place_and_perhaps_credentials) {
    const auto plain = parse_proxy("http://proxy.example:3128").value();
    BOOST_TEST(plain.where.host == "proxy.example");
    BOOST_TEST(plain.where.port == 3128);
    BOOST_TEST(plain.authorization == "");
    BOOST_TEST(parse_proxy("proxy.example:3128/").value().where.port == 3128);
    BOOST_TEST(parse_proxy("10.0.0.1").value().where.port == 80);
    BOOST_TEST(parse_proxy("http://[::1]:8080").value().where.host == "::1");
    BOOST_TEST(parse_proxy("HTTP://Aladdin:open%20sesame@proxy").value().authorization ==
               "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    BOOST_TEST(parse_proxy("http://user@proxy").value().authorization == "Basic dXNlcjo=");
    BOOST_TEST(parse_proxy("http://u:p@ss@proxy").value().where.host == "proxy");
}

BOOST_AUTO_TEST_CASE(what_is_no_http_proxy_is_refused_without_repeating_it) {
    for (const char* text :
         {"https://proxy:3128", "socks5://proxy:1080", "http://", "http://proxy:0", "http://proxy/x", "http://127.1:80",
          "http://u:secret%zz@proxy", "http://pro xy", "http://proxy\r\nX: y", "http://a%3ab:secret@proxy"}) {
        const auto out = parse_proxy(text);
        BOOST_REQUIRE_MESSAGE(!out, text);
        BOOST_TEST((out.error().code == errc::invalid), text);
        BOOST_TEST(out.error().message.find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(exceptions_cover_hosts_suffixes_addresses_and_blocks) {
    BOOST_TEST(covers("*", "https://a.example/"));
    BOOST_TEST(covers("a.example", "https://A.example/"));
    BOOST_TEST(covers("a.example", "https://b.a.example/"));
    BOOST_TEST(!covers("a.example", "https://ba.example/"));
    BOOST_TEST(covers(".a.example", "https://b.a.example/"));
    BOOST_TEST(!covers(".a.example", "https://a.example/"));
    BOOST_TEST(covers("*.a.example", "https://b.a.example/"));
    BOOST_TEST(covers("10.0.0.1", "https://10.0.0.1/"));
    BOOST_TEST(!covers("10.0.0.1", "https://10.0.0.2/"));
    BOOST_TEST(covers("10.0.0.0/8", "https://10.9.9.9/"));
    BOOST_TEST(!covers("10.0.0.0/8", "https://a.example/"));
    BOOST_TEST(covers("fd00::/8", "https://[fd00::1]/"));
    BOOST_TEST(covers("::1", "https://[::1]/"));
    BOOST_TEST(covers("[fd00::1]", "https://[fd00::1]/"));
}

BOOST_AUTO_TEST_CASE(an_exception_with_a_port_covers_that_port_alone) {
    BOOST_TEST(covers("a.example:8443", "https://a.example:8443/"));
    BOOST_TEST(!covers("a.example:8443", "https://a.example/"));
    BOOST_TEST(covers("a.example:443", "https://a.example/"));
    BOOST_TEST(covers("*:80", "http://a.example/"));
    BOOST_TEST(!covers("*:80", "https://a.example/"));
    BOOST_TEST(covers("10.0.0.0/8:81", "http://10.0.0.1:81/"));
    BOOST_TEST(!covers("10.0.0.0/8:81", "http://10.0.0.1:82/"));
    BOOST_TEST(covers("[::2]:81", "http://[::2]:81/"));
    BOOST_TEST(!covers("[::2]:81", "http://[::2]:82/"));
}

BOOST_AUTO_TEST_CASE(exceptions_that_make_no_sense_are_errors) {
    for (const char* text : {"", ".", "a.example:0", "a.example:x", "a/b", "10.*", "<local>", "a b", "10.0.0.1/8"}) {
        BOOST_TEST(!proxy_exception::parse(text), text);
    }
    proxy_settings settings;
    settings.except = {"<local>"};
    BOOST_TEST(!proxy_table::make(settings));
}

BOOST_AUTO_TEST_CASE(the_scheme_of_the_target_chooses_the_proxy) {
    proxy_settings settings;
    settings.https = "http://secure.example:1";
    settings.http = "http://plain.example:2";
    settings.except = {"near.example"};
    const auto table = proxy_table::make(settings).value();
    const auto host_for = [&table](const char* text) {
        const auto* found = table.find(parse_url(text).value());
        return found == nullptr ? std::string() : found->where.host;
    };
    BOOST_TEST(host_for("https://a.example/") == "secure.example");
    BOOST_TEST(host_for("http://a.example/") == "plain.example");
    BOOST_TEST(host_for("https://near.example/") == "");
    for (const char* local : {"http://localhost:9000/", "http://a.localhost/", "http://127.0.0.5/", "https://[::1]/"}) {
        BOOST_TEST(host_for(local) == "", local);
    }
}

BOOST_AUTO_TEST_CASE(the_environment_is_read_in_either_case_but_for_upper_case_http_proxy) {
    {
        const environment set{{"HTTPS_PROXY", "http://upper:1"},
                              {"HTTP_PROXY", "http://cgi:2"},
                              {"NO_PROXY", "a.example, .b.example\tc.example,,"}};
        const auto settings = proxy_settings::from_environment();
        BOOST_TEST(settings.https == "http://upper:1");
        BOOST_TEST(settings.http == "");
        BOOST_TEST(settings.except == (std::vector<std::string>{"a.example", ".b.example", "c.example"}),
                   boost::test_tools::per_element());
    }
    const environment set{{"HTTPS_PROXY", "http://upper:1"},
                          {"https_proxy", "http://lower:1"},
                          {"http_proxy", "http://plain:2"},
                          {"no_proxy", "*"},
                          {"NO_PROXY", "x"}};
    const auto settings = proxy_settings::from_environment();
    BOOST_TEST(settings.https == "http://lower:1");
    BOOST_TEST(settings.http == "http://plain:2");
    BOOST_TEST(settings.except == std::vector<std::string>{"*"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_senseless_exception_in_the_environment_is_left_out) {
    const environment set{{"NO_PROXY", "<local>,a.example"}};
    BOOST_TEST(proxy_settings::from_environment().except == std::vector<std::string>{"a.example"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
