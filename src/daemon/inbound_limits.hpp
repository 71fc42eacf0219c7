// What peers may cost, from the configuration and from what the system lets us have.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/admission.hpp"
#include "seedhook/http/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seedhook {

// Descriptors that the daemon itself needs at the same time: the store, the spool, sinks, and people at the control
// API.
std::size_t descriptors_needed(const config::settings& s, std::size_t receive_threads);

// How many connections `descriptors` (RLIMIT_NOFILE) leave room for beside `needed`, and at most `wanted`. A quarter of
// them in any case: fewer would serve nobody.
std::size_t connections_within(std::size_t wanted, std::uint64_t descriptors, std::size_t needed) noexcept;

// The limits `connections_per_address` and `failed_signatures_per_minute`, their defaults in place.
http::address_limit connection_limit(const config::limits& l) noexcept;
http::address_limit failure_limit(const config::limits& l) noexcept;

// For the listeners and the gateway together. Warns when there are fewer descriptors than `limits.connections` asks
// for. errc::invalid for trusted proxies that are none.
result<http::admission_settings> admission_of(const config::settings& s, std::size_t receive_threads);

} // namespace seedhook
