// A table of fixed size, in which a client has eight places to be.
#include "seedhook/receive/failed_signatures.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace seedhook {
namespace {

constexpr std::chrono::minutes window(1);
constexpr std::chrono::minutes refusal(1);

std::uint64_t random_seed() {
    std::random_device source;
    return (std::uint64_t{source()} << 32U) | source();
}

std::int64_t ticks(failed_signatures::time t) noexcept { return t.time_since_epoch().count(); }

} // namespace

failed_signatures::failed_signatures(http::address_limit limit) : limit_(limit), seed_(random_seed()) {}

// Multiplied by a number that callers do not know: they cannot choose whose places they share.
std::size_t failed_signatures::place_of(std::uint64_t client, std::uint64_t seed) noexcept {
    const std::uint64_t mixed = (client ^ (client >> 32U)) * (seed | 1U);
    return (mixed ^ (mixed >> 29U)) * 0x9e3779b97f4a7c15U >> 55U;
}

failed_signatures::entry& failed_signatures::entry_for(std::uint64_t client, time now) {
    if (sets_.empty()) {
        sets_ = std::vector<set>(sets);
    }
    set& places = sets_[place_of(client, seed_)];
    const auto known = std::find_if(places.begin(), places.end(), [client](const entry& e) {
        return e.client.load(std::memory_order_relaxed) == client;
    });
    if (known != places.end()) {
        return *known;
    }
    // Who is refused keeps its place rather than who is not, else the one that failed last.
    const auto worth = [now](const entry& e) { return std::pair(e.refused_until.load() > ticks(now), e.last); };
    const auto least = std::min_element(places.begin(), places.end(),
                                        [&](const entry& a, const entry& b) { return worth(a) < worth(b); });
    least->client.store(0);
    least->refused_until.store(0);
    least->count = 0;
    least->since = now;
    least->client.store(client);
    return *least;
}

bool failed_signatures::failed(http::client_id who, time now) {
    if (!limit_.holds_for(who)) {
        return false;
    }
    const std::lock_guard lock(guard_);
    entry& of = entry_for(who.network, now);
    if (now - of.since >= window) {
        of.since = now;
        of.count = 0;
    }
    of.last = now;
    if (++of.count < limit_.most || of.refused_until.load() > ticks(now)) {
        return false; // what was read before the refusal began may still fail
    }
    of.count = 0;
    of.refused_until.store(ticks(now + refusal));
    refusals_end_.store(std::max(refusals_end_.load(), ticks(now + refusal)));
    return true;
}

std::optional<std::chrono::seconds> failed_signatures::refused_for(http::client_id who, time now) const noexcept {
    if (!limit_.holds_for(who) || refusals_end_.load() <= ticks(now)) { // once there is one, so is the table
        return std::nullopt;
    }
    for (const entry& e : sets_[place_of(who.network, seed_)]) {
        if (e.client.load() != who.network) {
            continue;
        }
        const std::int64_t until = e.refused_until.load();
        // The place may have become another's between the two reads.
        if (until <= ticks(now) || e.client.load() != who.network) {
            return std::nullopt;
        }
        return std::chrono::ceil<std::chrono::seconds>(time::duration(until - ticks(now)));
    }
    return std::nullopt;
}

void failed_signatures::forget() {
    const std::lock_guard lock(guard_);
    refusals_end_.store(0);
    for (set& places : sets_) {
        for (entry& e : places) {
            e.client.store(0);
            e.refused_until.store(0);
            e.count = 0;
        }
    }
}

} // namespace seedhook
