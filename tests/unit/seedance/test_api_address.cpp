// Where requests go: below the base URL, and nowhere else.
#include "api_bench.hpp"

using namespace seedhook;
using namespace seedhook::test;
using seedance::api_address;

namespace {

api_address address(std::string_view base_url, std::string key = api_key) {
    return api_address(base_url, config::secret(std::move(key)));
}

} // namespace

BOOST_AUTO_TEST_SUITE(addresses)

BOOST_AUTO_TEST_CASE(a_path_stands_below_the_base_urls_own) {
    const auto url = [](std::string_view base_url) {
        BOOST_TEST(address(base_url).check().has_value());
        return address(base_url).request("GET", "/api/open/v1/models?a=b").url;
    };
    BOOST_TEST(url("https://api.example") == "https://api.example/api/open/v1/models?a=b");
    BOOST_TEST(url("https://api.example/") == "https://api.example/api/open/v1/models?a=b");
    BOOST_TEST(url("https://api.example///") == "https://api.example/api/open/v1/models?a=b");
    BOOST_TEST(url("https://api.example/proxy/seedance") ==
               "https://api.example/proxy/seedance/api/open/v1/models?a=b");
    BOOST_TEST(url("https://api.example/proxy/") == "https://api.example/proxy/api/open/v1/models?a=b");
    BOOST_TEST(url("http://127.0.0.1:8090") == "http://127.0.0.1:8090/api/open/v1/models?a=b");
    BOOST_TEST(url("http://[::1]:8090/") == "http://[::1]:8090/api/open/v1/models?a=b");
}

BOOST_AUTO_TEST_CASE(a_request_carries_method_and_key_and_a_bound) {
    const auto request = address("https://api.example").request("DELETE", "/x");
    BOOST_TEST(request.method == "DELETE");
    BOOST_TEST(request.fields.size() == 1u);
    BOOST_TEST(field_of(request, "authorization") == "Bearer " + api_key);
    BOOST_TEST(request.response_limit == 1024u * 1024);
}

BOOST_AUTO_TEST_CASE(no_path_leads_to_another_host) {
    for (const char* path :
         {"", ".evil.example/", "@evil.example/", ":8080/", "//evil.example/", "evil.example", "\\x"}) {
        const std::string url = address("https://api.example").request("GET", path).url;
        BOOST_TEST(url.starts_with("https://api.example/"), url);
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_cannot_be_used_is_refused_and_makes_no_request) {
    for (const char* base_url : {"", "api.example", "ftp://api.example", "https://", "https://user:pw@api.example",
                                 "https://api.example?x=1", "https://api.example/#top", "https://api.example/?",
                                 "https://api example", "//api.example", "https://api.example/\r\nX: y"}) {
        const auto checked = address(base_url).check();
        BOOST_REQUIRE(!checked.has_value());
        BOOST_TEST(checked.error().message.starts_with("api.base_url: "), checked.error().message);
        const auto request = address(base_url).request("GET", "/x");
        BOOST_TEST(request.url == "", base_url);
        BOOST_TEST(request.fields.empty());
    }
    for (const char* key : {"", "a b", "a\r\nX-Evil: y", "schl\xc3\xbcssel", "a\x7f"}) {
        const auto checked = address("https://api.example", key).check();
        BOOST_REQUIRE(!checked.has_value());
        BOOST_TEST((checked.error().code == errc::invalid));
        BOOST_TEST(checked.error().message.starts_with("api.key: "));
        BOOST_TEST(address("https://api.example", key).request("GET", "/x").url == "");
    }
}

BOOST_AUTO_TEST_CASE(the_key_is_taken_out_of_a_text) {
    const auto from = address("https://api.example");
    BOOST_TEST(from.without_key("a " + api_key + " b" + api_key) == "a [key] b[key]");
    BOOST_TEST(from.without_key("a " + api_key.substr(0, 8)) == "a [key]");
    BOOST_TEST(from.without_key("a " + api_key.substr(0, 7)) == "a " + api_key.substr(0, 7));
    BOOST_TEST(from.without_key("a " + api_key.substr(0, 8) + " b") == "a " + api_key.substr(0, 8) + " b");
    BOOST_TEST(from.without_key("line\n") == "line\n");
    BOOST_TEST(from.without_key("") == "");
    BOOST_TEST(address("https://api.example", "").without_key("all of it") == "all of it");
}

BOOST_AUTO_TEST_CASE(a_text_is_shown_on_one_line_and_cut_at_a_character) {
    const auto from = address("https://api.example");
    BOOST_TEST(from.shown("a\n\x1b" + api_key, 100) == "a\\n\\x1b[key]");
    BOOST_TEST(from.shown("abü", 3) == "ab");
    BOOST_TEST(from.shown("abü", 4) == "abü");
    BOOST_TEST(from.shown("abc", 0) == "");
}

BOOST_AUTO_TEST_CASE(the_clients_settings_follow_no_redirect_and_bound_every_wait) {
    const auto settings = seedance::api_client_settings();
    BOOST_TEST(settings.max_redirects == 0u);
    BOOST_TEST((settings.total_timeout == std::chrono::seconds(30)));
    BOOST_TEST((settings.header_timeout < settings.total_timeout));
}

BOOST_AUTO_TEST_SUITE_END()
