// The system's certificate authorities, read when they are needed.
#pragma once

#include "seedhook/model/error.hpp"

#include <openssl/ssl.h>

#include <string>

namespace seedhook::tls {

// Lets `context` trust the authorities of OpenSSL's default paths, which SSL_CERT_DIR and SSL_CERT_FILE override. What is
// not there or cannot be read is trusted by nobody. Fails when OpenSSL has no memory.
result<void> trust_system_authorities(SSL_CTX* context);

// The same with paths that hold the same authorities: first those that the folder has under their hashes, each read when
// it is asked for; only where that finds nothing the file that holds all, which is half a MiB once it is read.
result<void> trust_when_needed(SSL_CTX* context, const std::string& folder, std::string file);

} // namespace seedhook::tls
