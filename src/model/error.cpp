// Names and conversions of errors.
#include "seedhook/model/error.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace seedhook {

std::string_view to_string(errc code) noexcept {
    switch (code) {
    case errc::invalid:
        return "invalid";
    case errc::not_found:
        return "not_found";
    case errc::conflict:
        return "conflict";
    case errc::unauthorized:
        return "unauthorized";
    case errc::forbidden:
        return "forbidden";
    case errc::refused:
        return "refused";
    case errc::too_large:
        return "too_large";
    case errc::no_space:
        return "no_space";
    case errc::io:
        return "io";
    case errc::network:
        return "network";
    case errc::tls:
        return "tls";
    case errc::protocol:
        return "protocol";
    case errc::timed_out:
        return "timed_out";
    case errc::unavailable:
        return "unavailable";
    case errc::cancelled:
        return "cancelled";
    }
    return "unknown";
}

error within(std::string_view prefix, error cause) {
    cause.message.insert(0, ": ").insert(0, prefix);
    return cause;
}

errc errc_of_errno(int value) noexcept {
    switch (value) {
    case ENOENT:
    case ENOTDIR:
        return errc::not_found;
    case EEXIST:
    case EADDRINUSE:
        return errc::conflict;
    case EACCES:
    case EPERM:
    case EROFS:
        return errc::forbidden;
    case ENOSPC:
    case EDQUOT:
        return errc::no_space;
    case EFBIG:
        return errc::too_large;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return errc::unavailable;
    case ECANCELED:
        return errc::cancelled;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
        return errc::invalid;
    default:
        return errc::io;
    }
}

error errno_error(std::string_view what, int value) {
    std::string text(what);
    text += ": ";
    text += std::generic_category().message(value); // strerror is not for several threads
    return error(errc_of_errno(value), std::move(text));
}

void throw_exception_from_error(const error& e, const boost::source_location& where) {
    throw std::runtime_error(where.to_string() + ": unexpected error " + std::string(to_string(e.code)) + ": " +
                             e.message);
}

} // namespace seedhook
