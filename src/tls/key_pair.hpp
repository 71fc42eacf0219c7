// What a server's files hold, read once for all the contexts that use it.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/tls/server_identity.hpp"

#include "tls/x509.hpp"

#include <memory>
#include <string>

#include <openssl/evp.h>

namespace seedhook::tls {

using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

inline void free_names(STACK_OF(X509_NAME) * names) { sk_X509_NAME_pop_free(names, X509_NAME_free); }

struct key_pair {
    x509_ptr leaf;
    x509_stack chain; // without the leaf
    key_ptr key;
    certificate_facts facts; // of the leaf
};

// errc::invalid when one of the two cannot be read, or the key is another's.
result<std::shared_ptr<const key_pair>> read_key_pair(const key_files& from);

// Who may sign clients' certificates.
struct client_authorities {
    std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>> store;
    std::unique_ptr<STACK_OF(X509_NAME), freed_by<free_names>> names; // that clients are told
};

result<std::shared_ptr<const client_authorities>> read_client_authorities(const std::string& file);

} // namespace seedhook::tls
