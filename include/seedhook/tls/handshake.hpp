// Why a handshake with a client failed.
#pragma once

#include <string>
#include <string_view>

struct ssl_st;

namespace seedhook::tls {

enum class handshake_fault {
    closed,               // the client went away
    timed_out,            // it did not go on
    not_tls,              // what it sent is none
    version,              // it speaks older versions only
    parameters,           // no cipher, group or signature algorithm that both have
    application_protocol, // it speaks another than http/1.1
    client_certificate,   // it has shown none, or one that does not hold
    refused,              // it does not take our certificate, or something else of ours
    other,
};

std::string_view to_string(handshake_fault f); // as it stands in metrics and logs: `client_certificate`

struct handshake_failure {
    handshake_fault fault = handshake_fault::other;
    std::string reason; // for a person
};

// After SSL_accept has failed for good on this thread; with null, before it was called. Empties OpenSSL's queue of
// errors.
handshake_failure take_handshake_failure(const ssl_st* of);

} // namespace seedhook::tls
