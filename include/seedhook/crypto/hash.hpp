// SHA-256, HMAC-SHA256 and comparison in constant time, on OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace seedhook::crypto {

using sha256_digest = std::array<std::uint8_t, 32>;

// SHA-256 over data that comes in pieces (FIPS 180-4).
class sha256 {
public:
    sha256();
    ~sha256();
    sha256(sha256&&) noexcept;
    sha256& operator=(sha256&&) noexcept;

    void update(std::span<const std::uint8_t> data);
    void update(std::string_view data);
    // Ends the computation; the object is then as new.
    sha256_digest finish();

private:
    struct state;
    std::unique_ptr<state> state_;
};

sha256_digest sha256_of(std::string_view data);

// HMAC-SHA256 (RFC 2104). An empty key is allowed.
sha256_digest hmac_sha256(std::string_view key, std::string_view message);

// Takes the same time wherever the two differ. Lengths are not secret.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept;

} // namespace seedhook::crypto
