// Certificates in OpenSSL's terms.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/tls/certificate.hpp"

#include <memory>
#include <string>
#include <vector>

#include <openssl/x509.h>

namespace seedhook::tls {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};

using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;

inline void free_x509_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using x509_stack = std::unique_ptr<STACK_OF(X509), freed_by<free_x509_stack>>;

// Every certificate in a PEM file, at least one; errc::invalid, naming it.
result<std::vector<x509_ptr>> read_x509(const std::string& file);

// `file` is for the error: a certificate whose dates are broken.
result<certificate_facts> facts_of(const X509* certificate, const std::string& file);

} // namespace seedhook::tls
