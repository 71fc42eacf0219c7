// OpenSSL's per-thread error queue, as sentences.
#pragma once

#include <string>

namespace seedhook::tls {

// What OpenSSL complained of first on this thread, in words; the queue is empty afterwards. Never empty.
std::string take_openssl_error();

// Empties the queue, so that the next complaint is about the next call.
void clear_openssl_errors() noexcept;

} // namespace seedhook::tls
