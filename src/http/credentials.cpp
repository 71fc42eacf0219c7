// Bearer tokens.
#include "seedhook/http/credentials.hpp"

#include "seedhook/crypto/hash.hpp"

#include <cstdint>
#include <span>

namespace seedhook::http {

bool bears(const request& asked, std::string_view token) {
    constexpr std::string_view scheme = "Bearer "; // in any case (RFC 9110, 11.1)
    const std::string_view credentials = asked.find("Authorization").value_or("");
    if (!same_name(credentials.substr(0, scheme.size()), scheme)) {
        return false;
    }
    const auto bytes = [](std::string_view text) {
        return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    return crypto::equal_in_constant_time(bytes(credentials.substr(scheme.size())), bytes(token));
}

} // namespace seedhook::http
