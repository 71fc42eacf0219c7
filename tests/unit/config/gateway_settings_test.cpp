// What is set of the gateway, of polling and of keeping: who may reach the one, and times that contradict one another.
#include "config_support.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;
using namespace seedhook::config;
using namespace std::chrono_literals;

namespace {

const std::string inbound = "listeners: [{address: '127.0.0.1:8443'}]\n"
                            "sources: [{name: main, path: /hooks, secrets: [open-sesame], api: {key: sd2_live_1}}]\n";

std::vector<std::string> gateway_mistakes(const std::string& keys) {
    return mistakes(inbound + "gateway: {" + keys + "}\n");
}

settings valid(const std::string& rest) {
    const loaded l = load(inbound + rest);
    for (const mistake& m : l.mistakes) {
        BOOST_ERROR(m.to_string());
    }
    return l.value.value();
}

} // namespace

BOOST_AUTO_TEST_CASE(without_a_word_there_is_no_gateway_and_tasks_are_kept_for_a_while) {
    const settings s = valid("");
    BOOST_TEST(!s.gateway.has_value());
    BOOST_TEST(s.sources[0].api->base_url == "https://www.seedance2.ink");
    BOOST_TEST(s.sources[0].callback_url.empty());
    BOOST_TEST(!s.poll.first_after.has_value());
    BOOST_CHECK(s.poll.max_interval == 5min);
    BOOST_CHECK(s.poll.give_up_after == 24h);
    BOOST_TEST(s.poll.requests_per_minute == 60U);
    BOOST_CHECK(s.retention.tasks == 90 * 24h);
    BOOST_TEST(!s.retention.ids.has_value());
}

BOOST_AUTO_TEST_CASE(all_of_it_arrives_where_it_belongs) {
    const settings s = load(R"(
listeners: [{address: '127.0.0.1:8443'}]
sources:
  - name: main
    path: /hooks
    verify: both
    secrets: [open-sesame]
    api: {base_url: "http://127.0.0.1:9/below", key: sd2_live_1}
    callback_url: https://hooks.example.com/hooks
gateway:
  address: "[::]:8090"
  token: app-token
  tls: [{certificate: /c, key: /k}, {certificate: /c2, key: /k2}]
  client_ca: /ca
poll: {first_after: 10s, max_interval: 1m, give_up_after: 2h, requests_per_minute: 7}
retention: {tasks: forever, ids: forever}
)")
                           .value.value();
    BOOST_CHECK(s.sources[0].verify == verify_kind::both);
    BOOST_TEST(s.sources[0].api->base_url == "http://127.0.0.1:9/below");
    BOOST_TEST(s.sources[0].api->key.reveal() == "sd2_live_1");
    BOOST_TEST(s.sources[0].callback_url == "https://hooks.example.com/hooks");
    BOOST_TEST(s.gateway->address == "[::]:8090");
    BOOST_TEST(s.gateway->token.reveal() == "app-token");
    BOOST_TEST(s.gateway->tls.at(0).key == "/k");
    BOOST_TEST(s.gateway->tls.at(1).certificate == "/c2");
    BOOST_TEST(s.gateway->client_ca == "/ca");
    BOOST_CHECK(s.poll.first_after == 10s);
    BOOST_CHECK(s.poll.max_interval == 1min);
    BOOST_CHECK(s.poll.give_up_after == 2h);
    BOOST_TEST(s.poll.requests_per_minute == 7U);
    BOOST_TEST(!s.retention.tasks.has_value());
    BOOST_CHECK(valid("retention: {ids: 365d}\n").retention.ids == 365 * 24h);
    BOOST_TEST(!valid("poll: {first_after: auto}\n").poll.first_after.has_value());
    BOOST_TEST(valid("gateway: {}\n").gateway->address == "127.0.0.1:8090");
}

BOOST_AUTO_TEST_CASE(a_gateway_that_others_reach_needs_tls_and_a_token) {
    CHECK_LINES(gateway_mistakes("address: '0.0.0.0:8090', token: t"),
                "f.yaml:3:20: gateway.address: others than this machine can reach it: it needs `tls`, or `plaintext: "
                "true` to go without");
    for (const char* open :
         {"address: '0.0.0.0:8090', plaintext: true", "address: '[::]:8090', tls: {certificate: /c, key: /k}"}) {
        CHECK_LINES(gateway_mistakes(open),
                    "f.yaml:3:10: gateway.token: is missing: others than this machine can reach "
                    "the gateway, and would spend the API key's credits");
    }
    CHECK_LINES(gateway_mistakes("address: '0.0.0.0:8090', plaintext: true, token: ''"),
                "f.yaml:3:60: gateway.token: must not be empty");
    for (const char* fine : {"", "address: 'unix:/run/g.sock'", "address: '127.0.0.1:1', token: t",
                             "address: '0.0.0.0:8090', plaintext: true, token: t"}) {
        BOOST_TEST(gateway_mistakes(fine).empty(), fine);
    }
}

BOOST_AUTO_TEST_CASE(a_gateway_has_an_address_of_its_own_and_an_api_to_speak_to) {
    CHECK_LINES(gateway_mistakes("address: '127.0.0.1:8443'"),
                "f.yaml:3:10: gateway: one of the listeners has its address");
    CHECK_LINES(mistakes_in("gateway: {}\n"), "f.yaml:3:10: gateway: needs a source with `api`, to make tasks with");
    CHECK_LINES(gateway_mistakes("address: systemd"),
                "f.yaml:3:20: gateway.address: must be an address such as 127.0.0.1:8090, [::]:8090 or "
                "unix:/run/seedhook/gateway.sock, not \"systemd\"");
}

BOOST_AUTO_TEST_CASE(a_token_that_no_header_can_carry_is_not_quoted) {
    CHECK_LINES(gateway_mistakes("token: hunter 2"),
                "f.yaml:3:18: gateway.token: must be one or more visible ASCII characters, without spaces");
}

BOOST_AUTO_TEST_CASE(times_that_contradict_one_another_are_mistakes) {
    CHECK_LINES(mistakes_in("poll: {first_after: 24h}\n"),
                "f.yaml:3:21: poll.first_after: first_after is not shorter than give_up_after: no task would ever be "
                "asked about");
    CHECK_LINES(mistakes_in("poll: {first_after: soon}\n"),
                "f.yaml:3:21: poll.first_after: must be a duration such as 500ms, 30s, 5m, 24h or 7d, not \"soon\"");
    CHECK_LINES(mistakes_in("retention: {ids: 89d}\n"), "f.yaml:3:18: retention.ids: ids is shorter than tasks");
    CHECK_LINES(mistakes_in("retention: {tasks: forever, ids: 89d}\n"),
                "f.yaml:3:34: retention.ids: ids is shorter than tasks");
}

BOOST_AUTO_TEST_CASE(what_is_risky_about_asking_is_warned_about) {
    const auto said = warnings(load("listeners: [{address: '127.0.0.1:8443'}]\n"
                                    "sources: [{name: hint, path: /a, verify: confirm, api: {key: k}},\n"
                                    "          {name: blind, path: /b, secrets: [x]}]\n"
                                    "sinks: [{name: a, type: directory, path: /a}]\n"
                                    "gateway: {address: '0.0.0.0:1', plaintext: true, token: t}\n")
                                   .value.value());
    BOOST_REQUIRE_EQUAL(said.size(), 3U);
    BOOST_TEST(said[0].find("source hint has verify: confirm") == 0U);
    BOOST_TEST(said[1].find("source blind has no api: its tasks are never asked about") == 0U);
    BOOST_TEST(said[2].find("gateway 0.0.0.0:1 has plaintext: true") == 0U);
}
