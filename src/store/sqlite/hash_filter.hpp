// Which hashes a table surely lacks: a Bloom filter of one bit a hash (Bloom, Communications of the ACM 13, 1970).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace seedhook::sqlite {

class hash_filter {
public:
    // Sixteen to thirty-two bits for each of so many, 8 MiB at the most: one lookup in twenty is in vain, or one in
    // seven with ten millions.
    explicit hash_filter(std::size_t expected)
        : bits_(std::bit_ceil(std::clamp(16 * expected, least_bits, most_bits)) / 64) {}

    void add(std::int32_t hash) {
        bits_[place_of(hash) / 64] |= bit_of(hash);
        ++added_;
    }
    // Everything is in it that was to be expected.
    void complete() { expected_ = added_; }

    bool may_have(std::int32_t hash) const { return (bits_[place_of(hash) / 64] & bit_of(hash)) != 0; }

    // So much was added since that a new one is worth looking through the table again.
    bool is_worn() const { return added_ > 2 * expected_ + bits_.size(); }

private:
    static constexpr std::size_t least_bits = std::size_t{1} << 16;
    static constexpr std::size_t most_bits = std::size_t{1} << 26;

    std::size_t place_of(std::int32_t hash) const {
        return static_cast<std::size_t>(std::uint64_t{static_cast<std::uint32_t>(hash)} * (64 * bits_.size()) >> 32);
    }
    std::uint64_t bit_of(std::int32_t hash) const { return std::uint64_t{1} << place_of(hash) % 64; }

    std::vector<std::uint64_t> bits_;
    std::size_t added_ = 0;
    std::size_t expected_ = 0;
};

} // namespace seedhook::sqlite
