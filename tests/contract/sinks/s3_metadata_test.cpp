// Credentials from metadata services over real sockets.
#include "run_coroutine.hpp"
#include "scripted_peer.hpp"
#include "seedhook/tls/context.hpp"
#include "sinks/s3/credential_source.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace seedhook;
using namespace seedhook::s3;
using namespace std::chrono_literals;

namespace {

using environment = std::map<std::string, std::string>;

std::string answer(const std::string& head, const std::string& body) {
    return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string document = R"({"Code":"Success","AccessKeyId":"AKIAROLE","SecretAccessKey":"open-sesame",)"
                             R"("Token":"t","Expiration":"2100-01-01T00:00:00Z"})";

scripted_peer::script answering(const std::string& text) {
    return [text](scripted_peer::conversation& with) {
        with.read_head();
        with.send(text);
    };
}

awaitable<std::string> ask(config::s3_credentials settings, environment variables, http::client_settings reach) {
    const auto executor = co_await asio::this_coro::executor;
    const auto client = http::make_client(executor, std::move(reach), tls::make_client_context("").value());
    blocking_pool disk(1);
    const auto look_up = [variables = std::move(variables)](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    credential_context with{look_up, *client, disk, system_clock()};
    const auto source = make_credential_source(settings, std::move(with));
    const auto got = co_await source->get();
    client->close();
    co_return got ? got->access_key_id : std::string(to_string(got.error().code)) + ": " + got.error().message;
}

std::string asked_of(config::s3_credentials::source_kind which, environment variables,
                     http::client_settings reach = metadata_client_settings()) {
    config::s3_credentials settings;
    settings.source = which;
    return test::run_coroutine(ask(std::move(settings), std::move(variables), std::move(reach)));
}

std::string instance_at(const scripted_peer& peer, http::client_settings reach = metadata_client_settings()) {
    return asked_of(config::s3_credentials::source_kind::instance,
                    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url("")}}, std::move(reach));
}

std::string container_at(const scripted_peer& peer, http::client_settings reach = metadata_client_settings()) {
    return asked_of(config::s3_credentials::source_kind::container,
                    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", peer.url("/v1/credentials")},
                     {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer sesame"}},
                    std::move(reach));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

BOOST_AUTO_TEST_CASE(an_instance_service_is_spoken_to_in_version_two) {
    scripted_peer peer({answering(answer("200 OK", "imds-token")), answering(answer("200 OK", "my-role")),
                        answering(answer("200 OK", document))});
    BOOST_TEST(instance_at(peer) == "AKIAROLE");
    const auto heads = peer.heads();
    BOOST_REQUIRE(heads.size() == 3U);
    BOOST_TEST(heads[0].starts_with("PUT /latest/api/token HTTP/1.1\r\n"));
    BOOST_TEST(has(heads[0], "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    BOOST_TEST(heads[2].starts_with("GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n"));
    BOOST_TEST(has(heads[2], "X-aws-ec2-metadata-token: imds-token\r\n"));
}

BOOST_AUTO_TEST_CASE(a_container_service_gets_its_authorization) {
    scripted_peer peer({answering(answer("200 OK", document))});
    BOOST_TEST(container_at(peer) == "AKIAROLE");
    BOOST_TEST(has(peer.heads().at(0), "Authorization: Bearer sesame\r\n"));
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed_with_the_authorization) {
    scripted_peer elsewhere({answering(answer("200 OK", document))});
    scripted_peer peer({answering(answer("302 Found\r\nLocation: " + elsewhere.url("/"), ""))});
    BOOST_TEST(has(container_at(peer), "answered 302"));
    BOOST_TEST(elsewhere.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(a_service_that_never_answers_is_given_up_soon) {
    const auto silent = [](scripted_peer::conversation& with) {
        with.read_head();
        with.wait_for_close();
    };
    http::client_settings impatient = metadata_client_settings();
    impatient.header_timeout = 100ms;
    scripted_peer peer({silent});
    BOOST_TEST(has(instance_at(peer, impatient), "timed_out: instance metadata: "));
    BOOST_TEST(has(container_at(peer, impatient), "timed_out: the container credential service at "));
}

BOOST_AUTO_TEST_CASE(a_service_that_never_ends_is_given_up_soon) {
    const auto endless = [](scripted_peer::conversation& with) {
        with.read_head();
        with.send("HTTP/1.1 200 OK\r\n\r\n");
        while (with.send(" ") && with.pause(10ms)) {
        }
    };
    http::client_settings impatient = metadata_client_settings();
    impatient.total_timeout = 200ms;
    scripted_peer drip({endless});
    BOOST_TEST(has(container_at(drip, impatient), "timed_out: "));

    scripted_peer flood({answering("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, ' '))});
    BOOST_TEST(has(container_at(flood), "too_large: "));
}

BOOST_AUTO_TEST_CASE(a_service_that_is_not_there_is_unavailable) {
    BOOST_TEST(has(asked_of(config::s3_credentials::source_kind::instance,
                            {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"}}),
                   "unavailable: instance metadata: 127.0.0.1"));
}
