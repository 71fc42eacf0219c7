// Chance that repeats: every draw follows from (seed, ordinal, purpose) alone, so that changing one share in the
// options does not change what befalls a task otherwise, and any part of a video can be made without the parts before
// it.
#pragma once

#include <cstdint>

namespace seedhook::sandbox {

inline constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15U;

// The finalizer of SplitMix64 (Steele, Lea, Flood, “Fast splittable pseudorandom number generators”, 2014): a
// bijection.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

enum class purpose : std::uint64_t {
    id = 1,
    fate,
    loss,
    duplicate,
    duplicate_gap,
    delay,
    pace,
    expiry,
    breakage,
    size,
    filler,
    odd_status,
    odd_error,
    no_url,
    forget,
    hang, // from here on the ordinal is an API call's
    server_error,
    garbage,
    cut,
    slow,
    fault_form
};

constexpr std::uint64_t draw(std::uint64_t seed, std::uint64_t ordinal, purpose what) noexcept {
    const std::uint64_t stream = mix(seed + golden_gamma * static_cast<std::uint64_t>(what));
    return mix(stream + golden_gamma * (ordinal + 1));
}

// In [0, 1).
constexpr double draw_share(std::uint64_t seed, std::uint64_t ordinal, purpose what) noexcept {
    return static_cast<double>(draw(seed, ordinal, what) >> 11U) * 0x1.0p-53;
}

} // namespace seedhook::sandbox
