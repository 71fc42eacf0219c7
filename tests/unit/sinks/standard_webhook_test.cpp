// Keys and signatures, against the specification's own vector and others made with Python's hmac.
#include "sinks/standard_webhook.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace seedhook;

namespace {

constexpr std::string_view id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view timestamp = "1614265330";
constexpr std::string_view body = R"({"test": 2432232314})";

std::string signature_under(const std::vector<std::string>& secrets) {
    std::vector<std::string> keys;
    for (const std::string& secret : secrets) {
        keys.push_back(webhook_key(secret).value());
    }
    return webhook_signature(keys, id, timestamp, body);
}

} // namespace

// libraries/javascript/src/webhook.test.ts of standard-webhooks/standard-webhooks
BOOST_AUTO_TEST_CASE(the_published_vector_is_signed_as_published) {
    BOOST_TEST(signature_under({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) ==
               "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

BOOST_AUTO_TEST_CASE(a_secret_without_the_prefix_is_its_own_key) {
    BOOST_TEST(webhook_key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value() == "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    BOOST_TEST(signature_under({"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) ==
               "v1,ELhqG0Ku1gwOc1f4jyKdp3SFGFLAOdJ9bvpWLciCakI=");
}

BOOST_AUTO_TEST_CASE(each_secret_signs_in_its_order) {
    BOOST_TEST(signature_under({"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) ==
               "v1,/485aUtxlie+TIScVpHggMfqOB4so2KWb7+Gf727B44= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_no_key_is_refused_and_never_quoted) {
    for (const std::string secret :
         {"whsec_", "whsec_%%%%", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_QUJD\n",
          "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
        const auto key = webhook_key(secret);
        BOOST_TEST_CONTEXT(secret) {
            BOOST_REQUIRE(!key);
            BOOST_CHECK(key.error().code == errc::invalid);
            BOOST_TEST(key.error().message.find("MfKQ") == std::string::npos);
            BOOST_TEST(key.error().message.find("%%") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_time_is_told_in_whole_seconds) {
    BOOST_TEST(webhook_timestamp(time_point(std::chrono::milliseconds(1614265330999))) == "1614265330");
}
