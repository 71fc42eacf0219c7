// What can befall the answer to an API call on its way.
#pragma once

#include "sandbox/call_log.hpp"
#include "sandbox/options.hpp"
#include "seedhook/http/message.hpp"

#include <cstdint>
#include <string_view>

namespace seedhook::sandbox {

enum class fault_kind {
    none,
    hang,         // no answer: the connection stays open for minutes, then closes
    server_error, // 500; the call must do nothing
    garbage,      // not the documented JSON, as 200 or 502
    cut,          // breaks off halfway through the promised length
    slow          // comes late, or drips
};

std::string_view to_string(fault_kind kind) noexcept; // empty for none

struct api_fault {
    fault_kind kind = fault_kind::none;
    std::uint64_t form = 0; // which shape of it
    duration slow_time{};
};

// What befalls the call `number`, from the seed and the number alone. When several shares hit, the first of the list
// above is it.
api_fault choose_fault(const options& how, std::uint64_t number, call_kind kind);

// `answer`, whose body is whole, with the fault in it.
http::response spoil(http::response answer, const api_fault& by);

} // namespace seedhook::sandbox
