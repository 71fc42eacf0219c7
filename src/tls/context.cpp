// TLS contexts with our choices in them: which versions, ciphers and options.
#include "seedhook/tls/context.hpp"

#include "tls/openssl_error.hpp"
#include "tls/x509.hpp"

#include <boost/asio/ssl/context.hpp>

#include <string_view>

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

// Without it OpenSSL asks the terminal for the password of an encrypted key, and a daemon hangs.
int no_password(char*, int, int, void*) { return -1; }

int select_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                unsigned int offered_size, void*) {
    static constexpr std::string_view ours = "http/1.1";
    std::string_view rest(reinterpret_cast<const char*>(offered), offered_size);
    while (!rest.empty()) {
        const std::size_t size = static_cast<unsigned char>(rest.front());
        if (rest.size() < 1 + size) {
            break;
        }
        const std::string_view protocol = rest.substr(1, size);
        if (protocol == ours) {
            *chosen = reinterpret_cast<const unsigned char*>(protocol.data());
            *chosen_size = static_cast<unsigned char>(protocol.size());
            return SSL_TLSEXT_ERR_OK;
        }
        rest.remove_prefix(1 + size);
    }
    return SSL_TLSEXT_ERR_NOACK; // the handshake goes on without ALPN
}

error failed(std::string what) { return error(errc::invalid, std::move(what) + ": " + take_openssl_error()); }

result<context_ptr> with_our_protocols(ssl::context::method method) {
    clear_openssl_errors();
    auto made = std::make_shared<ssl::context>(method);
    SSL_CTX* native = made->native_handle();
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(native,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(native, tls12_ciphers) != 1 || SSL_CTX_set1_groups_list(native, groups) != 1) {
        return failed("TLS settings");
    }
    return made;
}

// In place of OpenSSL's own judgement, names included.
int verify_pinned(X509_STORE_CTX* handshake, void* pinned) {
    const X509* shown = X509_STORE_CTX_get0_cert(handshake);
    const bool same = shown != nullptr && X509_cmp(shown, static_cast<const X509*>(pinned)) == 0;
    X509_STORE_CTX_set_error(handshake, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return same ? 1 : 0;
}

} // namespace

result<context_ptr> make_server_context(const std::string& certificate, const std::string& key) {
    result<context_ptr> made = with_our_protocols(ssl::context::tls_server);
    if (!made) {
        return made;
    }
    SSL_CTX* native = (*made)->native_handle();
    // No resumption: a ticket key shared by threads and restarts would have to be rotated to keep forward secrecy, and
    // callers come too seldom for it to pay.
    SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(native, 0);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(native, 1); // one read of the socket for a record, not one for its head and one for the rest
    SSL_CTX_set_default_passwd_cb(native, no_password);
    SSL_CTX_set_alpn_select_cb(native, select_alpn, nullptr);
    if (SSL_CTX_use_certificate_chain_file(native, certificate.c_str()) != 1) {
        return failed("certificate " + certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(native) != 1) {
        return failed("key " + key + " (for certificate " + certificate + ")");
    }
    return made;
}

result<context_ptr> make_client_context(const std::string& ca_file) {
    result<context_ptr> made = with_our_protocols(ssl::context::tls_client);
    if (!made) {
        return made;
    }
    SSL_CTX* native = (*made)->native_handle();
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_set_default_verify_paths(native) != 1) {
        return failed("the system's certificate authorities");
    }
    if (!ca_file.empty() && SSL_CTX_load_verify_file(native, ca_file.c_str()) != 1) {
        return failed("certificate authorities " + ca_file);
    }
    clear_openssl_errors();
    return made;
}

result<context_ptr> make_pinned_client_context(const std::string& certificate) {
    const auto pinned = read_leaf(certificate);
    if (!pinned) {
        return pinned.error();
    }
    result<context_ptr> made = with_our_protocols(ssl::context::tls_client);
    if (!made) {
        return made;
    }
    SSL_CTX* native = (*made)->native_handle();
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(native), pinned->get()) != 1) { // which keeps it as long as it lives
        return failed("certificate " + certificate);
    }
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(native, verify_pinned, pinned->get());
    return made;
}

} // namespace seedhook::tls
