// A request's query, read strictly: what nobody reads is a mistake of the caller's.
#pragma once

#include "seedhook/http/message.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace seedhook::control {

// errc::invalid, with a sentence for the caller, for broken percent-encoding, a key that is not among `known`, and one
// that is there twice.
result<void> check_query(std::string_view query, std::initializer_list<std::string_view> known);

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most);

} // namespace seedhook::control
