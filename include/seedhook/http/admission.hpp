// How many connections there may be, altogether and of each client, over all servers that share an admission.
#pragma once

#include "seedhook/http/peer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace seedhook::http {

struct admission_settings {
    std::size_t connections = 10000;
    address_limit per_address{};
    trusted_proxies proxies{};
    // Told why a connection was not taken or not kept: `address` (too many of one client), `overload` (closed for a
    // newcomer), `proxy` (no PROXY header, or of somebody not trusted), `resources`. Called on any thread.
    std::function<void(std::string_view reason)> refused{};
};

// Any thread.
class admission : public std::enable_shared_from_this<admission> {
public:
    static std::shared_ptr<admission> make(admission_settings settings = {});

    // One connection's place, given back with the object.
    class place {
    public:
        place(place&& other) noexcept = default;
        place& operator=(place&&) = delete;
        ~place();

        // From now on it counts as `who`'s; called once at most. False when `who` has as many as one may have.
        [[nodiscard]] bool belongs_to(client_id who);

    private:
        friend class admission;
        explicit place(std::shared_ptr<admission> of) : of_(std::move(of)) {}
        std::shared_ptr<admission> of_;
        client_id who_;
    };

    // Nothing when all are taken.
    std::optional<place> admit();

    std::size_t open() const noexcept { return open_.load(std::memory_order_relaxed); }
    void refuse(std::string_view reason) const;
    const trusted_proxies& proxies() const noexcept { return settings_.proxies; }

private:
    // Callers choose their addresses: which of them meet in one bucket must not be theirs to choose.
    struct seeded_hash {
        std::uint64_t seed;
        std::size_t operator()(std::uint64_t network) const noexcept;
    };

    explicit admission(admission_settings settings);
    bool enter(client_id who);
    void leave(client_id who);

    const admission_settings settings_;
    std::atomic<std::size_t> open_{0};
    std::mutex guard_;
    std::unordered_map<std::uint64_t, std::uint32_t, seeded_hash> of_client_; // never more than there are connections
};

} // namespace seedhook::http
