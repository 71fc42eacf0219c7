// Which callbacks prove genuine, under the documented scheme and the configured ones.
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/seedance/signature.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

using namespace seedhook;
using seedance::signature_verifier;

namespace {

const std::string body = R"({"requestId":"r1","status":"succeeded"})";
const std::string key = "whsec_one";

std::string hex_of(std::string_view secret, std::string_view content) {
    return crypto::to_hex(crypto::hmac_sha256(secret, content));
}

std::string base64_of(std::string_view secret, std::string_view content) {
    return crypto::to_base64(crypto::hmac_sha256(secret, content));
}

http::request request_with(std::vector<http::field_view> fields) {
    http::request r;
    r.method = "POST";
    r.body = body;
    r.fields = std::move(fields);
    return r;
}

bool verified(const config::signature_scheme& scheme, std::vector<http::field_view> fields,
              std::vector<std::string> secrets = {key}) {
    std::vector<config::secret> list;
    for (auto& s : secrets) {
        list.emplace_back(std::move(s));
    }
    return signature_verifier(scheme, std::move(list)).verify(request_with(std::move(fields)));
}

// Under the default scheme with that value of the header.
bool accepts(std::string_view value) { return verified({}, {{"x-seedance-signature", value}}); }

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
    return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_documented_signature_is_accepted_in_either_case_and_with_blanks_around_it) {
    const std::string good = hex_of(key, body);
    BOOST_TEST(accepts(good));
    BOOST_TEST(accepts(upper(good)));
    BOOST_TEST(accepts("  \t" + good + " \t"));
    BOOST_TEST(verified({}, {{"Host", "x"}, {"X-Seedance-SIGNATURE", good}}));
}

BOOST_AUTO_TEST_CASE(a_wrong_or_malformed_signature_is_refused) {
    const std::string good = hex_of(key, body);
    std::string flipped_first = good;
    flipped_first[0] = flipped_first[0] == '0' ? '1' : '0';
    std::string flipped_last = good;
    flipped_last.back() = flipped_last.back() == '0' ? '1' : '0';
    for (const std::string& value : {std::string(),
                                     std::string(" "),
                                     flipped_first,
                                     flipped_last,
                                     good.substr(0, 63),
                                     good.substr(0, 62),
                                     good + "0",
                                     good + "00",
                                     good + good,
                                     good + "," + good,
                                     "0x" + good,
                                     "sha256=" + good,
                                     '"' + good + '"',
                                     good.substr(0, 32) + " " + good.substr(32),
                                     std::string(64, '0'),
                                     std::string(64, 'g'),
                                     std::string(1 << 20, 'a'),
                                     good + std::string(1, '\0'),
                                     base64_of(key, body),
                                     good + "\r",
                                     hex_of("other", body),
                                     hex_of(key, body + " "),
                                     hex_of(key, ""),
                                     hex_of("", body)}) {
        BOOST_TEST(!accepts(value), value.substr(0, 100));
    }
}

BOOST_AUTO_TEST_CASE(a_missing_signature_and_two_of_them_are_refused) {
    const std::string good = hex_of(key, body);
    BOOST_TEST(!verified({}, {}));
    BOOST_TEST(!verified({}, {{"x-seedance-signature-2", good}}));
    BOOST_TEST(!verified({}, {{"x-seedance-signature", good}, {"x-seedance-signature", good}}));
    BOOST_TEST(!verified({}, {{"x-seedance-signature", good}, {"X-Seedance-Signature", "00"}}));
}

BOOST_AUTO_TEST_CASE(every_secret_of_the_list_is_good) {
    const std::string good = hex_of(key, body);
    BOOST_TEST(verified({}, {{"x-seedance-signature", good}}, {"old", key}));
    BOOST_TEST(verified({}, {{"x-seedance-signature", good}}, {key, "new"}));
    BOOST_TEST(verified({}, {{"x-seedance-signature", good}}, {"a", "b", key, "c"}));
    BOOST_TEST(!verified({}, {{"x-seedance-signature", good}}, {"a", "b"}));
}

BOOST_AUTO_TEST_CASE(no_secret_or_an_empty_one_proves_nothing) {
    BOOST_TEST(!verified({}, {{"x-seedance-signature", hex_of("", body)}}, {}));
    BOOST_TEST(!verified({}, {{"x-seedance-signature", hex_of("", body)}}, {""}));
    BOOST_TEST(verified({}, {{"x-seedance-signature", hex_of(key, body)}}, {"", key}));
}

BOOST_AUTO_TEST_CASE(the_raw_bytes_are_signed_whatever_they_are) {
    std::string odd("\0\xff\r\n", 4);
    http::request r;
    r.body = odd;
    const std::string good = hex_of(key, odd);
    r.fields = {{"x-seedance-signature", good}};
    BOOST_TEST(signature_verifier({}, {config::secret(key)}).verify(r));
    r.body = {};
    BOOST_TEST(!signature_verifier({}, {config::secret(key)}).verify(r));
    const std::string of_nothing = hex_of(key, "");
    r.fields = {{"x-seedance-signature", of_nothing}};
    BOOST_TEST(signature_verifier({}, {config::secret(key)}).verify(r));
}

BOOST_AUTO_TEST_CASE(base64_is_a_scheme_of_its_own) {
    config::signature_scheme scheme;
    scheme.encoding = config::signature_scheme::encoding_kind::base64;
    const std::string good = base64_of(key, body);
    BOOST_TEST(verified(scheme, {{"x-seedance-signature", good}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", hex_of(key, body)}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", good.substr(0, good.size() - 1)}})); // padding cut off
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", base64_of("other", body)}}));
}

BOOST_AUTO_TEST_CASE(a_prefix_is_required_when_the_scheme_has_one) {
    config::signature_scheme scheme;
    scheme.header = "x-hub-signature-256";
    scheme.prefix = "sha256=";
    const std::string good = hex_of(key, body);
    BOOST_TEST(verified(scheme, {{"X-Hub-Signature-256", "sha256=" + good}}));
    BOOST_TEST(verified(scheme, {{"X-Hub-Signature-256", " sha256=" + good + " "}}));
    BOOST_TEST(!verified(scheme, {{"X-Hub-Signature-256", good}}));
    BOOST_TEST(!verified(scheme, {{"X-Hub-Signature-256", "sha1=" + good}}));
    BOOST_TEST(!verified(scheme, {{"X-Hub-Signature-256", "sha256= " + good}}));
    BOOST_TEST(!verified(scheme, {{"X-Hub-Signature-256", "sha256=sha256=" + good}}));
    BOOST_TEST(!verified(scheme, {{"X-Hub-Signature-256", "sha256="}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", "sha256=" + good}}));
}

BOOST_AUTO_TEST_CASE(the_content_may_take_headers_in) {
    config::signature_scheme scheme;
    scheme.content = "{header:x-timestamp}.{body}";
    const std::string good = hex_of(key, "1763805600." + body);
    BOOST_TEST(verified(scheme, {{"x-seedance-signature", good}, {"X-Timestamp", "1763805600"}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", good}, {"X-Timestamp", "1763805601"}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", good}}));
    BOOST_TEST(!verified(
        scheme, {{"x-seedance-signature", good}, {"x-timestamp", "1763805600"}, {"x-timestamp", "1763805600"}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", hex_of(key, body)}, {"x-timestamp", "1763805600"}}));
    BOOST_TEST(!verified(scheme, {{"x-seedance-signature", hex_of(key, "." + body)}}));
}

BOOST_AUTO_TEST_CASE(what_a_header_says_is_not_read_as_a_template) {
    config::signature_scheme scheme;
    scheme.content = "v1:{header:x-id}:{body}";
    const std::string good = hex_of(key, "v1:{body}:" + body);
    BOOST_TEST(verified(scheme, {{"x-seedance-signature", good}, {"x-id", "{body}"}}));
}

BOOST_AUTO_TEST_CASE(what_sign_makes_verifies_under_every_scheme) {
    std::vector<config::signature_scheme> schemes(4);
    schemes[1].encoding = config::signature_scheme::encoding_kind::base64;
    schemes[2].prefix = "sha256=";
    schemes[3].content = "{header:x-timestamp}.{body}";
    for (const auto& scheme : schemes) {
        http::request r = request_with({{"x-timestamp", "7"}});
        const auto value = seedance::sign(scheme, config::secret(key), r);
        BOOST_REQUIRE(value.has_value());
        r.fields.push_back({scheme.header, *value});
        BOOST_TEST(signature_verifier(scheme, {config::secret("x"), config::secret(key)}).verify(r));
    }
    BOOST_TEST(*seedance::sign({}, config::secret(key), request_with({})) == hex_of(key, body));
}

BOOST_AUTO_TEST_CASE(signing_without_a_header_that_the_content_names_fails) {
    config::signature_scheme scheme;
    scheme.content = "{header:x-timestamp}.{body}";
    const auto value = seedance::sign(scheme, config::secret(key), request_with({}));
    BOOST_REQUIRE(value.has_error());
    BOOST_TEST((value.error().code == errc::invalid));
    BOOST_TEST(value.error().message.find("x-timestamp") != std::string::npos);
}
