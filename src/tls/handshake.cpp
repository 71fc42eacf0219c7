// Sorting OpenSSL's reasons into those that a person would act on.
#include "seedhook/tls/handshake.hpp"

#include "tls/openssl_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace seedhook::tls {
namespace {

handshake_fault fault_of(unsigned long code) {
    if (code == 0 || ERR_SYSTEM_ERROR(code)) {
        return handshake_fault::closed;
    }
    const int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) {
        return handshake_fault::other;
    }
    if (reason >= SSL_AD_REASON_OFFSET) { // an alert that the client sent
        return handshake_fault::refused;
    }
    switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_RECORD_TOO_SMALL:
        return handshake_fault::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_INAPPROPRIATE_FALLBACK:
        return handshake_fault::version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
        return handshake_fault::parameters;
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return handshake_fault::application_protocol;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return handshake_fault::client_certificate;
    default:
        return handshake_fault::other;
    }
}

} // namespace

std::string_view to_string(handshake_fault f) {
    switch (f) {
    case handshake_fault::closed:
        return "closed";
    case handshake_fault::timed_out:
        return "timed_out";
    case handshake_fault::not_tls:
        return "not_tls";
    case handshake_fault::version:
        return "version";
    case handshake_fault::parameters:
        return "parameters";
    case handshake_fault::application_protocol:
        return "application_protocol";
    case handshake_fault::client_certificate:
        return "client_certificate";
    case handshake_fault::refused:
        return "refused";
    case handshake_fault::other:
        break;
    }
    return "other";
}

handshake_failure take_handshake_failure(const ssl_st* of) {
    const handshake_fault fault = fault_of(ERR_peek_last_error());
    if (fault == handshake_fault::closed) {
        clear_openssl_errors();
        return {fault, "the client closed the connection"};
    }
    const long verdict = of != nullptr ? SSL_get_verify_result(of) : X509_V_OK;
    std::string reason = take_openssl_error();
    if (fault == handshake_fault::client_certificate && verdict != X509_V_OK) {
        reason = X509_verify_cert_error_string(verdict);
    }
    return {fault, std::move(reason)};
}

} // namespace seedhook::tls
