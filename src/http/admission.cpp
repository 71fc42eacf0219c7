// Counting connections.
#include "seedhook/http/admission.hpp"

#include <random>
#include <utility>

namespace seedhook::http {
namespace {

std::uint64_t random_seed() {
    std::random_device source;
    return (std::uint64_t{source()} << 32U) | source();
}

} // namespace

// The mixing of SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
std::size_t admission::seeded_hash::operator()(std::uint64_t network) const noexcept {
    std::uint64_t mixed = network + seed;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

admission::admission(admission_settings settings)
    : settings_(std::move(settings)), of_client_(0, seeded_hash{random_seed()}) {}

std::shared_ptr<admission> admission::make(admission_settings settings) {
    return std::shared_ptr<admission>(new admission(std::move(settings)));
}

admission::place::~place() {
    if (of_) {
        of_->leave(who_);
    }
}

bool admission::place::belongs_to(client_id who) {
    if (!of_->enter(who)) {
        return false;
    }
    who_ = who;
    return true;
}

std::optional<admission::place> admission::admit() {
    if (open_.fetch_add(1) >= settings_.connections) {
        open_.fetch_sub(1);
        return std::nullopt;
    }
    return place(shared_from_this());
}

void admission::refuse(std::string_view reason) const {
    if (settings_.refused) {
        settings_.refused(reason);
    }
}

bool admission::enter(client_id who) {
    if (!settings_.per_address.holds_for(who)) {
        return true;
    }
    const std::lock_guard lock(guard_);
    const auto entry = of_client_.try_emplace(who.network, 0).first;
    if (entry->second >= settings_.per_address.most) {
        return false;
    }
    ++entry->second;
    return true;
}

void admission::leave(client_id who) {
    open_.fetch_sub(1);
    if (!settings_.per_address.holds_for(who)) {
        return;
    }
    const std::lock_guard lock(guard_);
    const auto entry = of_client_.find(who.network);
    if (--entry->second == 0) {
        of_client_.erase(entry);
    }
}

} // namespace seedhook::http
