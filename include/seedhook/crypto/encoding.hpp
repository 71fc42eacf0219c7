// Hex and base64 (RFC 4648), strict on the way in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::crypto {

std::string to_hex(std::span<const std::uint8_t> data); // lower case
std::string to_base64(std::span<const std::uint8_t> data);

// Either case. Nothing for an odd length or any other character.
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

// The standard alphabet, padded. Nothing for anything else, also for bits that are set in the padding.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

// `count` bytes from the system's generator, as hex.
std::string random_hex(std::size_t count);

} // namespace seedhook::crypto
