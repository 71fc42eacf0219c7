// Certificates in OpenSSL's terms.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <memory>
#include <optional>
#include <string>

#include <openssl/x509.h>

namespace seedhook::tls {

using x509_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

// The first certificate in a PEM file; errc::invalid, naming it.
result<x509_ptr> read_leaf(const std::string& file);

std::optional<time_point> time_of(const ASN1_TIME* from);

} // namespace seedhook::tls
