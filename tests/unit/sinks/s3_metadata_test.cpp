// The metadata services of containers and instances, and the renewal of what they hand out.
#include "s3_credential_setup.hpp"

#include "seedhook/async/task_group.hpp"
#include "sinks/s3/metadata.hpp"

#include <boost/asio/post.hpp>

using namespace seedhook;
using namespace seedhook::s3;
using namespace std::chrono_literals;

namespace {

const std::string soon = "2026-11-22T16:00:00Z"; // in six hours

struct container_of_ecs : machine {
    container_of_ecs() : machine(kind::container) {
        environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/x";
    }
};

// Lets everything else run as far as it can.
awaitable<> settle_down() {
    for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
}

awaitable<> ask(credential_source& source, std::vector<std::string>& into) {
    const auto got = co_await source.get();
    into.push_back(got ? got->access_key_id : std::string(to_string(got.error().code)));
}

} // namespace

BOOST_AUTO_TEST_CASE(a_container_asks_ecs_at_the_relative_uri) {
    machine m(kind::container);
    BOOST_TEST(has(m.id(), "not_found: "));
    m.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/x";
    m.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://elsewhere.example/";
    m.metadata.will_answer(200, document("AKIAECS", soon));
    const auto got = m.get();
    BOOST_REQUIRE(got);
    BOOST_TEST(got->access_key_id == "AKIAECS");
    BOOST_TEST(got->secret_access_key.reveal() == "open-sesame");
    BOOST_TEST(got->session_token.reveal() == "t+/=");
    BOOST_TEST((got->expires_at == m.time.at + 6h));
    BOOST_REQUIRE(m.metadata.asked.size() == 1U);
    BOOST_TEST(m.metadata.asked[0].method == "GET");
    BOOST_TEST(m.metadata.asked[0].url == "http://169.254.170.2/v2/credentials/x");
    BOOST_TEST(field_of(m.metadata.asked[0], "Authorization") == "");
}

BOOST_AUTO_TEST_CASE(credentials_come_over_plain_http_from_known_hosts_alone) {
    const std::vector<std::pair<std::string, bool>> hosts{{"http://127.0.0.1:8080/x", true},
                                                          {"http://127.9.9.9/x", true},
                                                          {"http://localhost/x", true},
                                                          {"http://[::1]:80/x", true},
                                                          {"http://169.254.170.2/x", true},
                                                          {"http://169.254.170.23/v1/credentials", true},
                                                          {"http://[fd00:ec2::23]/v1/credentials", true},
                                                          {"https://credentials.example/x", true},
                                                          {"http://credentials.example/x", false},
                                                          {"http://localhost.example/x", false},
                                                          {"http://169.254.169.254/x", false},
                                                          {"http://169.254.170.24/x", false},
                                                          {"http://10.0.0.1/x", false},
                                                          {"http://0.0.0.0/x", false},
                                                          {"http://[fd00:ec2::254]/x", false},
                                                          {"http://[::ffff:10.0.0.1]/x", false}};
    for (const auto& [uri, allowed] : hosts) {
        machine m(kind::container);
        m.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
        m.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "open-sesame";
        m.metadata.will_answer(200, document("AKIAEKS", soon));
        const std::string said = m.id();
        BOOST_TEST((said == "AKIAEKS") == allowed, uri + ": " + said);
        BOOST_TEST(m.metadata.asked.size() == (allowed ? 1U : 0U), uri);
        BOOST_TEST((allowed || has(said, "refused: AWS_CONTAINER_CREDENTIALS_FULL_URI: ")), said);
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_is_none_is_told_of_with_its_variable) {
    machine m(kind::container);
    for (const char* uri : {"not a url", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://127.1/"}) {
        m.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
        BOOST_TEST(has(m.id(), ": AWS_CONTAINER_CREDENTIALS_FULL_URI: "), uri);
    }
    m.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "a b";
    BOOST_TEST(has(m.id(), "invalid: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "));
    BOOST_TEST(m.metadata.asked.empty());
}

BOOST_AUTO_TEST_CASE(the_authorization_token_s_file_is_read_each_time) {
    container_of_ecs m;
    m.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "from the variable";
    m.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = (m.home.path() / "token").string();
    BOOST_TEST(has(m.id(), "unauthorized: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "));
    for (const std::string token : {"one", "two"}) {
        m.write("token", token + "\n");
        m.metadata.will_answer(200, document("AKIAEKS", soon));
        BOOST_TEST(m.id() == "AKIAEKS");
        BOOST_TEST(field_of(m.metadata.asked.back(), "Authorization") == token);
        m.source->forget();
    }
    m.environment.erase("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    m.metadata.will_answer(200, document("AKIAEKS", soon));
    BOOST_TEST(m.id() == "AKIAEKS");
    BOOST_TEST(field_of(m.metadata.asked.back(), "Authorization") == "from the variable");
}

BOOST_AUTO_TEST_CASE(an_instance_is_asked_with_a_token) {
    machine m(kind::instance);
    m.metadata.will_answer(200, "imds-token");
    m.metadata.will_answer(200, "my-role\n");
    m.metadata.will_answer(200, document("AKIAROLE", soon));
    BOOST_TEST(m.id() == "AKIAROLE");
    BOOST_REQUIRE(m.metadata.asked.size() == 3U);
    BOOST_TEST(m.metadata.asked[0].method == "PUT");
    BOOST_TEST(m.metadata.asked[0].url == "http://169.254.169.254/latest/api/token");
    BOOST_TEST(field_of(m.metadata.asked[0], "X-aws-ec2-metadata-token-ttl-seconds") == "21600");
    BOOST_TEST(m.metadata.asked[1].url == "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
    BOOST_TEST(m.metadata.asked[2].url == "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
    BOOST_TEST(field_of(m.metadata.asked[1], "X-aws-ec2-metadata-token") == "imds-token");
    BOOST_TEST(field_of(m.metadata.asked[2], "X-aws-ec2-metadata-token") == "imds-token");
}

BOOST_AUTO_TEST_CASE(the_metadata_endpoint_can_be_elsewhere_or_switched_off) {
    machine m(kind::instance);
    m.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://[fd00:ec2::254]/";
    m.metadata.will_fail(errc::unavailable);
    BOOST_TEST(has(m.id(), "unavailable: instance metadata: "));
    BOOST_TEST(m.metadata.asked[0].url == "http://[fd00:ec2::254]/latest/api/token");
    m.environment["AWS_EC2_METADATA_DISABLED"] = "True";
    BOOST_TEST(has(m.id(), "not_found: AWS_EC2_METADATA_DISABLED "));
    BOOST_TEST(m.metadata.asked.size() == 1U);
}

BOOST_AUTO_TEST_CASE(without_a_token_an_instance_is_asked_nothing_more) {
    for (const unsigned status : {400U, 403U, 404U, 405U, 500U}) {
        machine m(kind::instance);
        m.metadata.will_answer(status, "open-sesame");
        const std::string said = m.id();
        BOOST_TEST(has(said, "answered " + std::to_string(status) + " to the request for an IMDSv2 token"));
        BOOST_TEST(has(said, status == 500 ? "unavailable: " : "unauthorized: "));
        BOOST_TEST(!has(said, "sesame"));
        BOOST_TEST(m.metadata.asked.size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(a_silent_instance_service_is_told_of_with_the_usual_reason) {
    machine m(kind::instance);
    m.metadata.will_fail(errc::timed_out);
    BOOST_TEST(has(m.id(), "hop limit must be at least 2"));
}

BOOST_AUTO_TEST_CASE(an_instance_without_a_role_has_no_credentials) {
    machine m(kind::instance);
    m.metadata.will_answer(200, "imds-token");
    m.metadata.will_answer(404, "");
    BOOST_TEST(m.id() == "not_found: instance metadata: no IAM role is attached to the instance");
    m.metadata.will_answer(200, "imds-token");
    m.metadata.will_answer(401, "");
    BOOST_TEST(has(m.id(), "unauthorized: instance metadata: answered 401"));
}

BOOST_AUTO_TEST_CASE(garbage_is_no_credentials_and_is_not_repeated) {
    for (const std::string& body :
         {std::string(), std::string("<html>open-sesame"), std::string("[]"), std::string("{"), std::string("null"),
          std::string(R"({"AccessKeyId":"A"})"), std::string(R"({"AccessKeyId":1,"SecretAccessKey":"open-sesame"})"),
          std::string(R"({"AccessKeyId":"A","SecretAccessKey":""})"), document("A", "tomorrow"),
          document("A\\r\\nX: y", soon), document("", soon), std::string(5000, '['),
          std::string(R"({"AccessKeyId":"A","SecretAccessKey":"open-sesame","Expiration":1})")}) {
        container_of_ecs m;
        m.metadata.will_answer(200, body);
        const std::string said = m.id();
        BOOST_TEST(has(said, "protocol: the container credential service at 169.254.170.2: "), body + " -> " + said);
        BOOST_TEST(!has(said, "sesame"));
    }
}

BOOST_AUTO_TEST_CASE(a_reason_why_there_are_none_is_passed_on) {
    container_of_ecs m;
    m.metadata.will_answer(200, R"({"Code":"AssumeRoleUnauthorizedAccess\u001b","Message":"open-sesame"})");
    const std::string said = m.id();
    BOOST_TEST(has(said, "unauthorized: "));
    BOOST_TEST(has(said, R"(AssumeRoleUnauthorizedAccess\x1b)"));
    BOOST_TEST(!has(said, "sesame"));
}

BOOST_AUTO_TEST_CASE(credentials_are_kept_until_a_quarter_of_an_hour_before_they_expire) {
    container_of_ecs m;
    m.metadata.will_answer(200, document("AKIA1", soon));
    BOOST_TEST(m.id() == "AKIA1");
    m.time.at += 5h + 45min - 1ms;
    BOOST_TEST(m.id() == "AKIA1");
    BOOST_TEST(m.metadata.asked.size() == 1U);
    m.time.at += 1ms;
    m.metadata.will_answer(200, document("AKIA2", "2026-11-22T22:00:00Z"));
    BOOST_TEST(m.id() == "AKIA2");
    BOOST_TEST(m.id() == "AKIA2");
    BOOST_TEST(m.metadata.asked.size() == 2U);
}

BOOST_AUTO_TEST_CASE(credentials_that_still_serve_are_used_while_they_cannot_be_renewed) {
    container_of_ecs m;
    m.metadata.will_answer(200, document("AKIA1", soon));
    BOOST_TEST(m.id() == "AKIA1");
    m.time.at += 5h + 50min;
    m.metadata.will_fail(errc::timed_out);
    BOOST_TEST(m.id() == "AKIA1");
    BOOST_TEST(m.id() == "AKIA1"); // does not ask each time
    BOOST_TEST(m.metadata.asked.size() == 2U);
    m.time.at += 1min;
    m.metadata.will_answer(500, "");
    BOOST_TEST(m.id() == "AKIA1");
    BOOST_TEST(m.metadata.asked.size() == 3U);
    m.time.at += 9min; // now they have expired
    m.metadata.will_fail(errc::timed_out);
    BOOST_TEST(has(m.id(), "timed_out: "));
    m.metadata.will_answer(200, document("AKIA2", "2026-11-22T22:00:00Z"));
    BOOST_TEST(m.id() == "AKIA2");
}

BOOST_AUTO_TEST_CASE(credentials_that_come_with_minutes_left_are_used_and_not_asked_for_each_time) {
    container_of_ecs m;
    m.metadata.will_answer(200, document("AKIA1", "2026-11-22T10:05:00Z"));
    BOOST_TEST(m.id() == "AKIA1");
    BOOST_TEST(m.id() == "AKIA1");
    BOOST_TEST(m.metadata.asked.size() == 1U);
}

BOOST_AUTO_TEST_CASE(credentials_that_come_expired_are_not_used) {
    container_of_ecs m;
    m.metadata.will_answer(200, document("AKIA1", "2026-11-22T10:00:00Z"));
    BOOST_TEST(has(m.id(), "unauthorized: "));
    m.metadata.will_answer(200, R"({"AccessKeyId":"AKIAFOREVER","SecretAccessKey":"x"})");
    BOOST_TEST(m.id() == "AKIAFOREVER");
    m.time.at += 24h * 365;
    BOOST_TEST(m.id() == "AKIAFOREVER");
}

BOOST_AUTO_TEST_CASE(forgotten_credentials_are_asked_for_anew) {
    container_of_ecs m;
    m.metadata.will_answer(200, document("AKIA1", soon));
    BOOST_TEST(m.id() == "AKIA1");
    m.source->forget();
    m.metadata.will_answer(200, document("AKIA2", soon));
    BOOST_TEST(m.id() == "AKIA2");
    m.source->forget();
    m.metadata.will_fail(errc::network);
    BOOST_TEST(has(m.id(), "network: "));
}

BOOST_AUTO_TEST_CASE(many_who_ask_at_once_share_one_request_and_its_outcome) {
    container_of_ecs m;
    const auto all = [](machine& on) -> awaitable<bool> {
        const auto source = on.made();
        for (const bool works : {false, true}) {
            on.metadata.asked.clear();
            on.metadata.held = true;
            std::vector<std::string> got;
            const auto executor = co_await asio::this_coro::executor;
            task_group askers(executor);
            for (int i = 0; i < 10; ++i) {
                askers.spawn(ask(*source, got), "asker");
            }
            co_await settle_down();
            for (std::size_t i = 0; i < on.metadata.asked.size(); ++i) {
                on.metadata.will_answer(works ? 200 : 503, works ? document("AKIA1", soon) : "");
            }
            on.metadata.release();
            co_await askers.drained();
            BOOST_TEST(on.metadata.asked.size() == 1U);
            const std::vector<std::string> expected(10, works ? "AKIA1" : "unavailable");
            BOOST_TEST(got == expected, boost::test_tools::per_element());
        }
        co_return true;
    };
    BOOST_TEST(test::run_coroutine(all(m)));
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_renewal_but_who_began_it) {
    container_of_ecs m;
    m.metadata.will_answer(200, document("AKIA1", soon));
    const auto all = [](machine& on) -> awaitable<bool> {
        const auto source = on.made();
        std::vector<std::string> first;
        std::vector<std::string> others;
        co_await ask(*source, first);
        on.time.at += 5h + 50min;
        on.metadata.held = true;
        const auto executor = co_await asio::this_coro::executor;
        task_group askers(executor);
        askers.spawn(ask(*source, first), "asker");
        co_await settle_down();
        askers.spawn(ask(*source, others), "another");
        co_await settle_down();
        const std::vector<std::string> expected{"AKIA1"};
        BOOST_TEST(others == expected, boost::test_tools::per_element());
        on.metadata.will_answer(200, document("AKIA2", "2026-11-22T22:00:00Z"));
        on.metadata.release();
        co_await askers.drained();
        const std::vector<std::string> renewed{"AKIA1", "AKIA2"};
        BOOST_TEST(first == renewed, boost::test_tools::per_element());
        co_return true;
    };
    BOOST_TEST(test::run_coroutine(all(m)));
}

BOOST_AUTO_TEST_CASE(when_the_asker_is_told_to_stop_another_asks) {
    container_of_ecs m;
    const auto all = [](machine& on) -> awaitable<bool> {
        const auto source = on.made();
        on.metadata.held = true;
        std::vector<std::string> stopped;
        std::vector<std::string> got;
        const auto executor = co_await asio::this_coro::executor;
        task_group leaders(executor);
        task_group followers(executor);
        leaders.spawn(ask(*source, stopped), "leader");
        co_await settle_down();
        leaders.spawn(ask(*source, stopped), "waits, and is stopped too");
        followers.spawn(ask(*source, got), "follower");
        followers.spawn(ask(*source, got), "follower");
        co_await settle_down();
        leaders.cancel(asio::cancellation_type::terminal);
        co_await leaders.drained();
        co_await settle_down();
        on.metadata.will_answer(200, document("AKIA1", soon));
        on.metadata.release();
        co_await followers.drained();
        const std::vector<std::string> both_stopped{"cancelled", "cancelled"};
        const std::vector<std::string> both_served{"AKIA1", "AKIA1"};
        BOOST_TEST(stopped == both_stopped, boost::test_tools::per_element());
        BOOST_TEST(got == both_served, boost::test_tools::per_element());
        BOOST_TEST(on.metadata.asked.size() == 2U);
        co_return true;
    };
    BOOST_TEST(test::run_coroutine(all(m)));
}

BOOST_AUTO_TEST_CASE(the_client_for_metadata_reaches_the_link_and_uses_no_proxy) {
    const http::client_settings s = metadata_client_settings();
    for (const char* address : {"169.254.170.2", "169.254.169.254", "fd00:ec2::23", "127.0.0.1"}) {
        BOOST_TEST(s.addresses.permits(asio::ip::make_address(address)), address);
    }
    BOOST_TEST(!s.https_only);
    BOOST_TEST(s.max_redirects == 0U);
    BOOST_TEST((s.proxy.http.empty() && s.proxy.https.empty()));
    BOOST_TEST((s.total_timeout <= 5s));
}
