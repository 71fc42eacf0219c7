// What a caller shows to prove who it is.
#pragma once

#include "seedhook/http/message.hpp"

#include <string_view>

namespace seedhook::http {

// True when the request's only Authorization is `Bearer` and that token (RFC 6750, 2.1), compared in constant time.
bool bears(const request& asked, std::string_view token);

} // namespace seedhook::http
