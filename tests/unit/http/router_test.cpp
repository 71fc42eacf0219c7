// Which endpoint answers which request.
#include "seedhook/http/router.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace seedhook;
using namespace seedhook::http;

struct table : router {
    table() {
        for (const auto& [method, path] :
             std::vector<std::pair<std::string, std::string>>{{"GET", "/"},
                                                              {"GET", "/v1/tasks/{}"},
                                                              {"POST", "/v1/tasks"},
                                                              {"GET", "/v1/tasks"},
                                                              {"GET", "/v1/tasks/stuck"},
                                                              {"POST", "/v1/tasks/bulk"},
                                                              {"POST", "/v1/tasks/{}/redeliver"},
                                                              {"GET", "/v1/{}/{}"},
                                                              {"POST", "/hooks/seedance"}}) {
            endpoint e;
            e.method = method;
            e.path = path;
            add(std::move(e));
        }
    }

    std::string found(std::string_view method, std::string_view path) const {
        const route_match m = match(method, path);
        return m.found == nullptr ? "" : m.found->method + " " + m.found->path;
    }
};

BOOST_FIXTURE_TEST_CASE(a_literal_path_is_matched_whole, table) {
    BOOST_TEST(found("POST", "/hooks/seedance") == "POST /hooks/seedance");
    BOOST_TEST(found("GET", "/") == "GET /");
    for (const char* other :
         {"/hooks", "/hooks/", "/hooks/seedance/", "/hooks/seedanc", "/hooks/seedance2", "//hooks/seedance",
          "/hooks//seedance", "/Hooks/seedance", "/hooks/%73eedance", "/hooks/./seedance"}) {
        BOOST_TEST(found("POST", other) == "", other);
        BOOST_TEST(match("POST", other).allow == "", other);
    }
}

BOOST_FIXTURE_TEST_CASE(a_placeholder_stands_for_one_segment_that_is_not_empty, table) {
    const route_match m = match("POST", "/v1/tasks/req_1%2F2/redeliver");
    BOOST_REQUIRE(m.found != nullptr);
    BOOST_TEST(m.found->path == "/v1/tasks/{}/redeliver");
    BOOST_TEST(m.captures == std::vector<std::string_view>{"req_1%2F2"}, boost::test_tools::per_element());
    BOOST_TEST(found("POST", "/v1/tasks//redeliver") == "");
    BOOST_TEST(found("POST", "/v1/tasks/a/b/redeliver") == "");
    BOOST_TEST(found("GET", "/v1/tasks/") == "");
    BOOST_TEST(match("GET", "/v1/tasks/{}").captures.at(0) == "{}");
    BOOST_TEST(match("GET", "/v1/a/b").captures.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_literal_path_wins_over_a_placeholder, table) {
    BOOST_TEST(found("GET", "/v1/tasks/stuck") == "GET /v1/tasks/stuck");
    BOOST_TEST(found("GET", "/v1/tasks/other") == "GET /v1/tasks/{}");
    BOOST_TEST(found("GET", "/v1/tasks/bulk") == "GET /v1/tasks/{}");
    BOOST_TEST(match("GET", "/v1/tasks/stuck").captures.empty());
}

BOOST_FIXTURE_TEST_CASE(a_wrong_method_is_told_the_right_ones, table) {
    BOOST_TEST(match("DELETE", "/v1/tasks").allow == "POST, GET, HEAD");
    BOOST_TEST(match("GET", "/hooks/seedance").allow == "POST");
    BOOST_TEST(match("post", "/hooks/seedance").allow == "POST");
    BOOST_TEST(match("PUT", "/v1/tasks/bulk").allow == "GET, HEAD, POST");
    BOOST_TEST(match("DELETE", "/nowhere").allow == "");
}

BOOST_FIXTURE_TEST_CASE(get_answers_head_unless_head_has_its_own_endpoint, table) {
    BOOST_TEST(found("HEAD", "/v1/tasks") == "GET /v1/tasks");
    BOOST_TEST(found("HEAD", "/hooks/seedance") == "");
    endpoint e;
    e.method = "HEAD";
    e.path = "/v1/tasks";
    add(std::move(e));
    BOOST_TEST(found("HEAD", "/v1/tasks") == "HEAD /v1/tasks");
}

BOOST_AUTO_TEST_CASE(an_empty_router_knows_nothing) {
    BOOST_TEST((router().match("GET", "/").found == nullptr));
    BOOST_TEST(router().match("GET", "/").allow == "");
}

} // namespace
