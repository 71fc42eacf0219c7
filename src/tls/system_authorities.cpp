// An X509_LOOKUP of ours behind OpenSSL's for folders.
#include "tls/system_authorities.hpp"

#include "tls/openssl_error.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace seedhook::tls {
namespace {

struct late_file {
    std::string path;
    std::once_flag read;
};

int find_in_file(X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* name, X509_OBJECT* found) {
    auto* const file = static_cast<late_file*>(X509_LOOKUP_get_method_data(lookup));
    X509_STORE* const store = X509_LOOKUP_get_store(lookup);
    std::call_once(file->read, [&] {
        X509_STORE_load_file(store, file->path.c_str());
        clear_openssl_errors();
    });
    X509_STORE_lock(store);
    X509_OBJECT* const held = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), type, name);
    X509* const authority = held != nullptr ? X509_OBJECT_get0_X509(held) : nullptr;
    const bool given = authority != nullptr && X509_OBJECT_set1_X509(found, authority) == 1;
    if (given) {
        X509_free(authority); // the caller counts a reference of its own, and the store keeps one
    }
    X509_STORE_unlock(store);
    return given ? 1 : 0;
}

void forget_file(X509_LOOKUP* lookup) { delete static_cast<late_file*>(X509_LOOKUP_get_method_data(lookup)); }

struct free_method {
    void operator()(X509_LOOKUP_METHOD* method) const { X509_LOOKUP_meth_free(method); }
};

X509_LOOKUP_METHOD* late_file_method() {
    static const std::unique_ptr<X509_LOOKUP_METHOD, free_method> method = [] {
        std::unique_ptr<X509_LOOKUP_METHOD, free_method> made(X509_LOOKUP_meth_new("a file that is read when needed"));
        if (made) {
            X509_LOOKUP_meth_set_get_by_subject(made.get(), find_in_file);
            X509_LOOKUP_meth_set_free(made.get(), forget_file);
        }
        return made;
    }();
    return method.get();
}

error no_memory() { return error(errc::invalid, "the system's certificate authorities: " + take_openssl_error()); }

} // namespace

result<void> trust_when_needed(SSL_CTX* context, const std::string& folder, std::string file) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP* const in_folder = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (in_folder == nullptr || X509_LOOKUP_add_dir(in_folder, folder.c_str(), X509_FILETYPE_PEM) != 1 ||
        late_file_method() == nullptr) {
        return no_memory();
    }
    X509_LOOKUP* const in_file = X509_STORE_add_lookup(store, late_file_method());
    if (in_file == nullptr) {
        return no_memory();
    }
    auto late = std::make_unique<late_file>();
    late->path = std::move(file);
    X509_LOOKUP_set_method_data(in_file, late.release());
    return {};
}

result<void> trust_system_authorities(SSL_CTX* context) {
    // Whoever names a file may mean an authority that the folder has under the same name and with another key.
    if (::secure_getenv(X509_get_default_cert_file_env()) != nullptr) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            return no_memory();
        }
        return {};
    }
    const char* const named = ::secure_getenv(X509_get_default_cert_dir_env());
    return trust_when_needed(context, named != nullptr ? named : X509_get_default_cert_dir(),
                             X509_get_default_cert_file());
}

} // namespace seedhook::tls
