// Signatures of Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks).
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <span>
#include <string>
#include <string_view>

namespace seedhook {

// The bytes of the key: what `whsec_` and base64 stand for, or else the secret's own. errc::invalid, never quoting it,
// for `whsec_` in front of anything but base64, and for the keys of signatures of another kind (`whsk_`, `whpk_`).
result<std::string> webhook_key(std::string_view secret);

// The time as it is signed and sent: whole seconds since 1970.
std::string webhook_timestamp(time_point at);

// `v1,…`: a signature under each of the keys, with spaces between them.
std::string webhook_signature(std::span<const std::string> keys, std::string_view id, std::string_view timestamp,
                              std::string_view body);

} // namespace seedhook
