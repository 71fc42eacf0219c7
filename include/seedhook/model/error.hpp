// Expected failure: what went wrong as a code to act on, and a sentence for the person who reads it.
// Exceptions are kept for bugs and for start-up.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace seedhook {

enum class errc {
    invalid,      // the input breaks a rule; the same input will always fail
    not_found,    // the named thing does not exist
    conflict,     // something else is already there
    unauthorized, // credentials are missing or wrong
    forbidden,    // the operating system or a peer denies us permission
    refused,      // our own policy forbids it (address, scheme, host)
    too_large,    // over a configured limit
    no_space,     // the disk, a quota or the spool is full
    io,           // the local disk failed
    network,      // resolving, connecting or a connection failed
    tls,          // the handshake or the peer's certificate failed
    protocol,     // a peer broke its protocol
    timed_out,    // a limit on time passed
    unavailable,  // we cannot do it now; later may do
    cancelled,    // we were asked to stop; nothing is wrong
};

// The code's name as it stands above, for logs and programs.
std::string_view to_string(errc code) noexcept;

struct error {
    error() = default; // what result::error() gives where there is none
    error(errc why, std::string text) : code(why), message(std::move(text)) {}

    errc code = errc::invalid;
    std::string message; // names the thing that failed; never holds a secret
};

// `prefix: message`, with the same code: says where in our work the failure happened.
error within(std::string_view prefix, error cause);

// The errc that stands for an errno value of a file operation.
errc errc_of_errno(int value) noexcept;

// `what: strerror(value)` under the errc of that errno value.
error errno_error(std::string_view what, int value);

template <class T>
using result = boost::system::result<T, error>;

// Called by `result::value()` on a failure that nobody looked at, which is a bug: throws std::runtime_error.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

} // namespace seedhook
