// The examples that AWS publishes, and what they leave open. A thousand more requests are compared with another signer
// in tests/integration/test_s3_signing.py.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#include "sinks/s3/signing.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

using namespace seedhook;
using namespace seedhook::s3;

namespace {

constexpr time_point example_time{std::chrono::sys_days(std::chrono::May / 24 / 2013)};

std::string hash_of(std::string_view body) { return crypto::to_hex(crypto::sha256_of(body)); }

credentials example_keys() {
    credentials out;
    out.access_key_id = "AKIAIOSFODNN7EXAMPLE";
    out.secret_access_key = config::secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    return out;
}

http::client_request request(std::string method, std::string target, http::field_list fields = {}) {
    http::client_request out;
    out.method = std::move(method);
    out.url = "https://examplebucket.s3.amazonaws.com" + target;
    out.fields = std::move(fields);
    return out;
}

std::string field(const http::client_request& of, std::string_view name) {
    BOOST_TEST(std::count_if(of.fields.begin(), of.fields.end(),
                             [name](const auto& f) { return http::same_name(f.first, name); }) == 1);
    for (const auto& [key, value] : of.fields) {
        if (http::same_name(key, name)) {
            return value;
        }
    }
    return {};
}

std::string authorization(http::client_request what, std::string_view body = {}) {
    sign(what, hash_of(body), example_keys(), {"us-east-1"}, example_time);
    return field(what, "Authorization");
}

std::string example(std::string_view signed_fields, std::string_view signature) {
    return "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=" +
           std::string(signed_fields) + ", Signature=" + std::string(signature);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_signature_of_aws_s_example_for_a_part_of_an_object) {
    BOOST_TEST(authorization(request("GET", "/test.txt", {{"Range", "bytes=0-9"}})) ==
               example("host;range;x-amz-content-sha256;x-amz-date",
                       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

BOOST_AUTO_TEST_CASE(the_signature_of_aws_s_example_for_an_upload) {
    const http::field_list fields{{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                  {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    BOOST_TEST(
        authorization(request("PUT", "/" + uri_encode("test$file.text", true), fields), "Welcome to Amazon S3.") ==
        example("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

BOOST_AUTO_TEST_CASE(the_signature_of_aws_s_example_for_a_parameter_without_a_value) {
    BOOST_TEST(authorization(request("GET", "/?lifecycle")) ==
               example("host;x-amz-content-sha256;x-amz-date",
                       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

BOOST_AUTO_TEST_CASE(the_signature_of_aws_s_example_for_a_list) {
    const std::string expected = example("host;x-amz-content-sha256;x-amz-date",
                                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    BOOST_TEST(authorization(request("GET", "/?max-keys=2&prefix=J")) == expected);
    BOOST_TEST(authorization(request("GET", "/?prefix=%4a&max-keys=2")) == expected);
}

BOOST_AUTO_TEST_CASE(the_fields_that_a_service_checks_are_added) {
    http::client_request what = request("PUT", "/a");
    credentials who = example_keys();
    who.session_token = config::secret("token+/=");
    sign(what, hash_of("x"), who, {"eu-west-1"}, example_time + std::chrono::milliseconds(3'723'999));
    BOOST_TEST(field(what, "x-amz-date") == "20130524T010203Z");
    BOOST_TEST(field(what, "x-amz-content-sha256") == hash_of("x"));
    BOOST_TEST(field(what, "x-amz-security-token") == "token+/=");
    BOOST_TEST(field(what, "Authorization")
                   .find("/20130524/eu-west-1/s3/aws4_request, "
                         "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(signing_again_replaces_the_earlier_signature) {
    http::client_request what = request("PUT", "/a");
    credentials temporary = example_keys();
    temporary.session_token = config::secret("token");
    sign(what, hash_of(""), temporary, {"us-east-1"}, example_time - std::chrono::hours(1));
    sign(what, hash_of(""), example_keys(), {"us-east-1"}, example_time);
    http::client_request fresh = request("PUT", "/a");
    sign(fresh, hash_of(""), example_keys(), {"us-east-1"}, example_time);
    BOOST_TEST((what.fields == fresh.fields));
}

BOOST_AUTO_TEST_CASE(what_is_rewritten_on_the_way_is_not_signed) {
    const http::field_list rewritten{{"User-Agent", "seedhook"},
                                     {"accept-encoding", "identity"},
                                     {"Expect", "100-continue"},
                                     {"X-Amzn-Trace-Id", "1"}};
    BOOST_TEST(authorization(request("GET", "/a", rewritten)) == authorization(request("GET", "/a")));
}

BOOST_AUTO_TEST_CASE(every_other_field_is_signed) {
    for (const char* name : {"Content-Type", "Content-MD5", "If-None-Match", "Cache-Control", "x-amz-meta-sha256"}) {
        const std::string one = authorization(request("PUT", "/a", {{name, "1"}}));
        BOOST_TEST(one != authorization(request("PUT", "/a", {{name, "2"}})));
        BOOST_TEST(one != authorization(request("PUT", "/a")));
    }
}

BOOST_AUTO_TEST_CASE(the_payload_the_method_the_path_and_the_port_are_signed) {
    const std::string one = authorization(request("GET", "/a"));
    BOOST_TEST(one != authorization(request("GET", "/a"), "x"));
    BOOST_TEST(one != authorization(request("HEAD", "/a")));
    BOOST_TEST(one != authorization(request("GET", "/A")));
    BOOST_TEST(one != authorization(request("GET", "//a"))); // no normalization
    http::client_request elsewhere = request("GET", "/a");
    elsewhere.url = "https://examplebucket.s3.amazonaws.com:8443/a";
    BOOST_TEST(one != authorization(elsewhere));
    elsewhere.url = "https://EXAMPLEBUCKET.s3.amazonaws.com:443/a"; // as the client sends it
    BOOST_TEST(one == authorization(elsewhere));
}

BOOST_AUTO_TEST_CASE(a_url_that_no_client_would_ask_is_left_unsigned) {
    http::client_request what = request("GET", "/a b");
    sign(what, hash_of(""), example_keys(), {"us-east-1"}, example_time);
    BOOST_TEST(what.fields.empty());
}

BOOST_AUTO_TEST_CASE(keys_are_encoded_but_for_the_unreserved_characters) {
    BOOST_TEST(uri_encode("AZaz09-._~", false) == "AZaz09-._~");
    BOOST_TEST(uri_encode("a b/c", true) == "a%20b/c");
    BOOST_TEST(uri_encode("a b/c", false) == "a%20b%2Fc");
    BOOST_TEST(uri_encode("+*%!'()$&,;=:@?#[]", true) == "%2B%2A%25%21%27%28%29%24%26%2C%3B%3D%3A%40%3F%23%5B%5D");
    BOOST_TEST(uri_encode(std::string_view("\0\n\x7f\xc3\xa9", 5), true) == "%00%0A%7F%C3%A9");
}
