// Reading certificates with their keys, and the authorities of clients.
#include "tls/key_pair.hpp"

#include "tls/openssl_error.hpp"
#include "tls/protocols.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

namespace seedhook::tls {
namespace {

// Without it OpenSSL asks the terminal for the password of an encrypted key, and a daemon hangs.
int no_password(char*, int, int, void*) { return -1; }

result<key_ptr> read_key(const key_files& from, X509* certificate) {
    clear_openssl_errors();
    const std::unique_ptr<BIO, freed_by<BIO_free>> in(BIO_new_file(from.key.c_str(), "r"));
    key_ptr key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr) : nullptr);
    if (!key || X509_check_private_key(certificate, key.get()) != 1) {
        return openssl_failure("key " + from.key + " (for certificate " + from.certificate + ")");
    }
    return key;
}

} // namespace

result<std::shared_ptr<const key_pair>> read_key_pair(const key_files& from) {
    auto certificates = read_x509(from.certificate);
    if (!certificates) {
        return certificates.error();
    }
    auto made = std::make_shared<key_pair>();
    made->leaf = std::move(certificates->front());
    made->chain.reset(sk_X509_new_null());
    for (auto next = certificates->begin() + 1; next != certificates->end(); ++next) {
        if (sk_X509_push(made->chain.get(), next->get()) == 0) {
            return openssl_failure("certificate " + from.certificate);
        }
        next->release();
    }
    auto facts = facts_of(made->leaf.get(), from.certificate);
    if (!facts) {
        return facts.error();
    }
    made->facts = std::move(*facts);
    auto key = read_key(from, made->leaf.get());
    if (!key) {
        return key.error();
    }
    made->key = std::move(*key);
    return std::shared_ptr<const key_pair>(std::move(made));
}

result<std::shared_ptr<const client_authorities>> read_client_authorities(const std::string& file) {
    const auto certificates = read_x509(file);
    if (!certificates) {
        return certificates.error();
    }
    auto made = std::make_shared<client_authorities>();
    made->store.reset(X509_STORE_new());
    made->names.reset(sk_X509_NAME_new_null());
    // So that an intermediate authority can be trusted without the one above it, whose others would be, too.
    X509_STORE_set_flags(made->store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    for (const x509_ptr& one : *certificates) {
        X509_NAME* name = X509_NAME_dup(X509_get_subject_name(one.get()));
        if (X509_STORE_add_cert(made->store.get(), one.get()) != 1 || sk_X509_NAME_push(made->names.get(), name) == 0) {
            X509_NAME_free(name);
            return openssl_failure("client_ca " + file);
        }
    }
    return std::shared_ptr<const client_authorities>(std::move(made));
}

} // namespace seedhook::tls
