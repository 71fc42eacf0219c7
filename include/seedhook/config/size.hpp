// Sizes in bytes as people write them: `64KiB 4GiB`, or a plain number of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::config {

// `512 64KiB 20MiB 4GiB 1TiB`; nothing for anything else and for what does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

// The shortest of these forms that is exact.
std::string size_text(std::uint64_t bytes);

} // namespace seedhook::config
