// `${env:NAME}`, `${file:PATH}` and `${credential:NAME}` within a text.
#pragma once

#include "seedhook/config/load.hpp"
#include "seedhook/model/error.hpp"

#include <string>
#include <string_view>

namespace seedhook::config {

// `raw` with what its references stand for; `$${` is a literal `${`; a trailing newline of a file or credential is
// dropped. errc::invalid and errc::not_found name the variable at fault and hold no value, nor any other part of `raw`.
result<std::string> expand(std::string_view raw, const variables& from);

} // namespace seedhook::config
