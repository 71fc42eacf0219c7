// Obeying the API.
#include "seedhook/poll/source_gate.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

constexpr duration throttle_without_word = 60s;
constexpr duration longest_throttle = 1h;
constexpr duration throttle_to_tell = 5min; // a shorter one is everyday life
constexpr duration probe_interval = 5min;
constexpr duration first_backoff = 1s;
constexpr duration longest_backoff = 5min;
// One fault is nothing to wake a person for.
constexpr std::uint32_t failures_to_tell = 3;

duration backoff(std::uint32_t failures, double jitter) {
    const std::uint32_t doublings = std::min(failures - 1, 20U);
    const double step = std::min(static_cast<double>(first_backoff.count()) * static_cast<double>(1U << doublings),
                                 static_cast<double>(longest_backoff.count()));
    return duration(static_cast<duration::rep>(step * (0.5 + jitter / 2)));
}

} // namespace

steady_time source_gate::next_call() const noexcept { return std::max(budget_.ready_at(), paused_until_); }

bool source_gate::admit(steady_time now) noexcept {
    if (now < paused_until_ || !budget_.take(now)) {
        return false;
    }
    if (standing_ == standing::unauthorized) {
        paused_until_ = now + probe_interval; // one probe, not all that would go out before its answer
    }
    return true;
}

void source_gate::answered() noexcept {
    if (standing_ != standing::open) {
        paused_until_ = throttled_until_;
    }
    standing_ = standing::open;
    failures_ = 0;
}

void source_gate::throttled(steady_time now, std::optional<duration> retry_after) noexcept {
    answered(); // it did answer
    const duration wait = std::clamp(retry_after.value_or(throttle_without_word), duration::zero(), longest_throttle);
    if (now + wait > throttled_until_) {
        throttled_until_ = now + wait;
        throttled_for_long_ = wait >= throttle_to_tell;
    }
    pause(throttled_until_);
}

void source_gate::unauthorized(steady_time now) noexcept {
    standing_ = standing::unauthorized;
    failures_ = 0;
    pause(now + probe_interval);
}

void source_gate::failed(steady_time now, std::string why, double jitter) {
    why_ = std::move(why);
    if (now < paused_until_) {
        return;
    }
    standing_ = standing::failing;
    ++failures_;
    pause(now + backoff(failures_, jitter));
}

void source_gate::reset(std::uint32_t calls_per_minute, steady_time now, bool same_api) noexcept {
    budget_.set(calls_per_minute, now);
    if (!same_api) {
        throttled_until_ = steady_time::min();
    }
    standing_ = standing::open;
    failures_ = 0;
    paused_until_ = throttled_until_;
}

std::optional<std::string> source_gate::degraded(steady_time now) const {
    if (standing_ == standing::unauthorized) {
        return "the API refuses the key (401); it is asked again every 5 minutes";
    }
    if (throttled_for_long_ && now < throttled_until_) {
        return "the API allows no calls for now (429)";
    }
    if (standing_ == standing::failing && failures_ >= failures_to_tell) {
        return "the API has failed " + std::to_string(failures_) + " times in a row: " + why_;
    }
    return std::nullopt;
}

void source_gate::pause(steady_time until) noexcept { paused_until_ = std::max(paused_until_, until); }

} // namespace seedhook
