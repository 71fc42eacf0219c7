// TLS contexts with our choices in them: which versions, ciphers and options.
#include "seedhook/tls/context.hpp"

#include "tls/openssl_error.hpp"
#include "tls/protocols.hpp"
#include "tls/x509.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/ssl.h>

namespace seedhook::tls {
namespace {

namespace ssl = boost::asio::ssl;

// ECDHE for forward secrecy, AEAD against padding oracles. TLS 1.3's own suites are all of that kind.
constexpr const char* tls12_ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// OpenSSL's default list has finite-field groups too.
constexpr const char* groups = "X25519:P-256:P-384:P-521";

} // namespace

error openssl_failure(std::string what) { return error(errc::invalid, std::move(what) + ": " + take_openssl_error()); }

result<context_ptr> make_context(ssl::context::method method) {
    clear_openssl_errors();
    auto made = std::make_shared<ssl::context>(method);
    SSL_CTX* native = made->native_handle();
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(native,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(native, tls12_ciphers) != 1 || SSL_CTX_set1_groups_list(native, groups) != 1) {
        return openssl_failure("TLS settings");
    }
    return made;
}

namespace {

// In place of OpenSSL's own judgement, names included: the store holds what the context is pinned to.
int verify_pinned(X509_STORE_CTX* handshake, void*) {
    const X509* shown = X509_STORE_CTX_get0_cert(handshake);
    const x509_stack pinned(X509_STORE_get1_all_certs(X509_STORE_CTX_get0_store(handshake)));
    bool known = false;
    for (int i = 0; shown != nullptr && i < sk_X509_num(pinned.get()); ++i) {
        known = known || X509_cmp(shown, sk_X509_value(pinned.get(), i)) == 0;
    }
    X509_STORE_CTX_set_error(handshake, known ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return known ? 1 : 0;
}

} // namespace

result<context_ptr> make_client_context(const std::string& ca_file) {
    result<context_ptr> made = make_context(ssl::context::tls_client);
    if (!made) {
        return made;
    }
    SSL_CTX* native = (*made)->native_handle();
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_set_default_verify_paths(native) != 1) {
        return openssl_failure("the system's certificate authorities");
    }
    if (!ca_file.empty() && SSL_CTX_load_verify_file(native, ca_file.c_str()) != 1) {
        return openssl_failure("certificate authorities " + ca_file);
    }
    clear_openssl_errors();
    return made;
}

result<context_ptr> make_pinned_client_context(const std::vector<std::string>& certificates) {
    result<context_ptr> made = make_context(ssl::context::tls_client);
    if (!made) {
        return made;
    }
    SSL_CTX* native = (*made)->native_handle();
    for (const std::string& file : certificates) {
        const auto read = read_x509(file);
        if (!read) {
            return read.error();
        }
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(native), read->front().get()) != 1) {
            return openssl_failure("certificate " + file);
        }
    }
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(native, verify_pinned, nullptr);
    return made;
}

} // namespace seedhook::tls
