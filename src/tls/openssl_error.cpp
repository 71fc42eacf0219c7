// OpenSSL's per-thread error queue, as sentences.
#include "tls/openssl_error.hpp"

#include <openssl/err.h>

#include <system_error>

namespace seedhook::tls {

std::string take_openssl_error() {
    // The oldest entry is the cause, later ones say what failed because of it.
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return "no reason given";
    }
    if (ERR_SYSTEM_ERROR(code)) {
        return std::generic_category().message(ERR_GET_REASON(code));
    }
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

void clear_openssl_errors() noexcept { ERR_clear_error(); }

} // namespace seedhook::tls
