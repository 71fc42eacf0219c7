// What a TLS context promises: which files it takes, and what it says about those it refuses.
#include "seedhook/tls/certificate.hpp"
#include "seedhook/tls/context.hpp"
#include "seedhook/tls/server_identity.hpp"

#include "test_certificates.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/test/unit_test.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

namespace {

using namespace seedhook;

struct folder {
    std::filesystem::path path;
    folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "seedhook-tls-XXXXXX").string();
        path = mkdtemp(pattern.data());
    }
    ~folder() { std::filesystem::remove_all(path); }
    std::string sub(const std::string& name) const {
        std::filesystem::create_directories(path / name);
        return (path / name).string();
    }
};

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

bool names(const error& e, const std::string& part) { return e.message.find(part) != std::string::npos; }

BOOST_FIXTURE_TEST_CASE(a_server_context_speaks_tls_1_2_and_later_with_ecdhe_and_aead_only, folder) {
    const test_pki pki = make_test_pki(path.string(), {"localhost"}, test_key::rsa);
    const auto made = tls::server_identity::load(pki.cert_file, pki.key_file);
    BOOST_REQUIRE(made);
    const tls::context_ptr context = (*made)->current();
    SSL_CTX* native = context->native_handle();
    BOOST_TEST(SSL_CTX_get_min_proto_version(native) == TLS1_2_VERSION);
    const auto options = SSL_CTX_get_options(native);
    for (const auto option :
         {SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_COMPRESSION, SSL_OP_NO_TICKET, SSL_OP_CIPHER_SERVER_PREFERENCE}) {
        BOOST_TEST((options & option) == option);
    }
    BOOST_TEST(SSL_CTX_get_num_tickets(native) == 0U);
    const auto* ciphers = SSL_CTX_get_ciphers(native);
    BOOST_TEST(sk_SSL_CIPHER_num(ciphers) > 3);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
        const int exchange = SSL_CIPHER_get_kx_nid(cipher);
        BOOST_TEST(SSL_CIPHER_is_aead(cipher) == 1, SSL_CIPHER_get_name(cipher));
        BOOST_TEST((exchange == NID_kx_ecdhe || exchange == NID_kx_any), SSL_CIPHER_get_name(cipher));
    }
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_used_is_named_with_the_reason, folder) {
    const test_pki pki = make_test_pki(path.string(), {"localhost"});
    const auto missing = tls::server_identity::load("/nonexistent/cert.pem", pki.key_file);
    BOOST_REQUIRE(!missing);
    BOOST_TEST((missing.error().code == errc::invalid));
    BOOST_TEST(names(missing.error(), "/nonexistent/cert.pem: No such file"), missing.error().message);

    write(path / "not.pem", "hello");
    const auto broken = tls::server_identity::load((path / "not.pem").string(), pki.key_file);
    BOOST_REQUIRE(!broken);
    BOOST_TEST(names(broken.error(), "not.pem: no start line"), broken.error().message);

    const auto no_key = tls::server_identity::load(pki.cert_file, "/nonexistent/key.pem");
    BOOST_REQUIRE(!no_key);
    BOOST_TEST(names(no_key.error(), "/nonexistent/key.pem"), no_key.error().message);

    const auto ca = tls::make_client_context("/nonexistent/ca.pem");
    BOOST_REQUIRE(!ca);
    BOOST_TEST(names(ca.error(), "/nonexistent/ca.pem"), ca.error().message);
    BOOST_TEST(ERR_peek_error() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_key_of_another_certificate_is_refused, folder) {
    const test_pki one = make_test_pki(sub("one"), {"localhost"});
    const test_pki other = make_test_pki(sub("other"), {"localhost"});
    const auto made = tls::server_identity::load(one.cert_file, other.key_file);
    BOOST_REQUIRE(!made);
    BOOST_TEST(names(made.error(), "key values mismatch"), made.error().message);
}

BOOST_FIXTURE_TEST_CASE(an_encrypted_key_is_an_error_and_asks_nobody, folder) {
    const test_pki pki = make_test_pki(path.string(), {"localhost"});
    write(pki.key_file, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                        "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiIvxIaMhyeWQICCAAw\n"
                        "-----END ENCRYPTED PRIVATE KEY-----\n");
    BOOST_TEST(!tls::server_identity::load(pki.cert_file, pki.key_file));
}

BOOST_FIXTURE_TEST_CASE(a_client_context_verifies_its_peer, folder) {
    const test_pki pki = make_test_pki(path.string(), {"localhost"});
    const auto made = tls::make_client_context(pki.ca_file);
    BOOST_REQUIRE(made);
    BOOST_TEST(SSL_CTX_get_verify_mode((*made)->native_handle()) == SSL_VERIFY_PEER);
    BOOST_TEST(SSL_CTX_get_min_proto_version((*made)->native_handle()) == TLS1_2_VERSION);
    BOOST_TEST(!!tls::make_client_context(""));
}

BOOST_FIXTURE_TEST_CASE(a_certificate_tells_whom_it_is_for_and_when_it_ends, folder) {
    const test_pki pki = make_test_pki(path.string(), {"hooks.example.com", "127.0.0.1", "::1"});
    const auto facts = tls::read_certificate(pki.cert_file);
    BOOST_REQUIRE(facts);
    const std::vector<std::string> names{"hooks.example.com", "127.0.0.1", "::1"};
    BOOST_TEST(facts->names == names, boost::test_tools::per_element());
    const auto left = facts->ends_at - system_clock().now();
    BOOST_TEST((left > std::chrono::days(29) && left <= std::chrono::days(30)));
    BOOST_TEST((facts->begins_at <= system_clock().now()));

    BOOST_TEST(tls::read_certificates(pki.ca_file)->size() == 1U);

    write(path / "not.pem", "hello");
    const auto broken = tls::read_certificate((path / "not.pem").string());
    BOOST_REQUIRE(!broken);
    BOOST_TEST(broken.error().message.find("not.pem: no start line") != std::string::npos);
    BOOST_TEST(!tls::make_pinned_client_context({"/nonexistent/cert.pem"}));
    BOOST_TEST(ERR_peek_error() == 0U);
}

BOOST_AUTO_TEST_CASE(renewal_is_overdue_two_weeks_or_a_sixth_of_a_life_before_the_end) {
    using std::chrono::days;
    using std::chrono::hours;
    const time_point begin{days(20000)};
    const auto overdue = [begin](duration life, duration left) {
        return tls::renewal_is_overdue({{}, begin, begin + life}, begin + life - left);
    };
    BOOST_TEST(!overdue(days(90), days(14)));
    BOOST_TEST(overdue(days(90), days(14) - hours(1)));
    BOOST_TEST(!overdue(days(398), days(14)));
    BOOST_TEST(overdue(days(398), days(13)));
    BOOST_TEST(!overdue(days(6), days(1)));
    BOOST_TEST(overdue(days(6), hours(23)));
    BOOST_TEST(!overdue(hours(24), hours(8))); // when those that renew it begin to
    BOOST_TEST(overdue(hours(24), hours(3)));
    BOOST_TEST(overdue(days(90), -days(1)));
}

} // namespace
