// Which clients have sent so many wrong signatures that their callbacks are refused for a while, unread.
#pragma once

#include "seedhook/http/peer.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace seedhook {

// Knows some thousand clients at most: when more fail at a time, those that failed longest ago are forgotten. Any
// thread.
class failed_signatures {
public:
    using time = std::chrono::steady_clock::time_point;

    // `limit.most` of them within a minute, and a client is refused for the next one.
    explicit failed_signatures(http::address_limit limit);

    // True when the client is refused from now on.
    bool failed(http::client_id who, time now);

    // How long it is still refused; nothing for everybody else. Takes no lock.
    std::optional<std::chrono::seconds> refused_for(http::client_id who, time now) const noexcept;

    // False when nobody is, at one read of a number.
    bool refuses_anybody() const noexcept { return refusals_end_.load(std::memory_order_relaxed) != 0; }

    // As if nothing had ever failed: the secrets have changed.
    void forget();

private:
    static constexpr std::size_t sets = 512;
    static constexpr std::size_t ways = 8;

    // `client` and `refused_until` are read without a lock; all are written under one.
    struct entry {
        std::atomic<std::uint64_t> client{0};
        std::atomic<std::int64_t> refused_until{0}; // as ticks of `time`
        time since{};                               // the present minute's beginning
        time last{};
        std::uint32_t count = 0;
    };
    using set = std::array<entry, ways>;

    static std::size_t place_of(std::uint64_t client, std::uint64_t seed) noexcept;
    entry& entry_for(std::uint64_t client, time now);

    const http::address_limit limit_;
    const std::uint64_t seed_;
    std::atomic<std::int64_t> refusals_end_{0}; // the latest of all
    std::mutex guard_;
    std::vector<set> sets_; // made by the first failure: most daemons never see one
};

} // namespace seedhook
