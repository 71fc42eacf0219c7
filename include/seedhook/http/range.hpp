// Which part of a representation a request asks for (RFC 9110, 13.1.5 and 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace seedhook::http {

struct chosen_range {
    enum class kind { whole, part, unsatisfiable }; // answers 200, 206, 416
    kind answer = kind::whole;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

// `range` and `if_range` are the fields' values, if there; `etag` is strong; `size` is not 0. What is not exactly one
// range of bytes is answered with the whole, as the RFC allows, and so is a range whose If-Range does not hold.
chosen_range choose_range(std::optional<std::string_view> range, std::optional<std::string_view> if_range,
                          std::string_view etag, std::uint64_t size) noexcept;

} // namespace seedhook::http
