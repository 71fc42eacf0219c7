// Who may call the API now: keys, revoked ones, and so many requests in each window.
#pragma once

#include "sandbox/options.hpp"
#include "sandbox/rate_limit.hpp"
#include "seedhook/http/message.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace seedhook::sandbox {

// The key of `Authorization: Bearer KEY`; empty when there is none.
std::string_view bearer_key(const http::request& r) noexcept;

// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7), rounded up to whole seconds.
std::string http_date(time_point t);

// The options must outlive it; what they say is looked up at each request. One thread.
class gatekeeper {
public:
    explicit gatekeeper(const options& how) : options_(how) {}

    // Counts a request at `now`. What to answer instead (401, 429) when it has no right key or is one too many.
    std::optional<http::response> refusal(const http::request& r, time_point now);

    // `key` empty: every key.
    void revoke(const std::string& key);
    // All keys are taken again.
    void restore();
    // So many requests until --unauthorized-after, from now on.
    void count_anew() noexcept { requests_ = 0; }
    // Windows begin anew.
    void forget_rates() { rates_.clear(); }

private:
    bool is_taken(std::string_view key);

    const options& options_;
    std::uint64_t requests_ = 0;
    bool all_revoked_ = false;
    std::set<std::string, std::less<>> revoked_;
    std::map<std::string, rate_limit, std::less<>> rates_;
};

} // namespace seedhook::sandbox
