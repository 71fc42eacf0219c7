// The retry policy.
#include "seedhook/work/retry.hpp"

#include <algorithm>
#include <chrono>

namespace seedhook {
namespace {

constexpr duration longest_wish = std::chrono::hours(1);

duration backoff(std::uint32_t attempts, const retry_policy& policy, double jitter) {
    const std::uint32_t doublings = std::min(attempts > 0 ? attempts - 1 : 0, 40U);
    const double step = std::min(static_cast<double>(policy.min_delay.count()) * static_cast<double>(1ULL << doublings),
                                 static_cast<double>(policy.max_delay.count()));
    return duration(static_cast<duration::rep>(step * (0.5 + jitter / 2)));
}

struct next_step_of {
    const job& work;
    time_point now;
    const retry_policy& policy;
    double jitter;

    next_step operator()(const done& d) const { return {job_state::done, now, true, d.where}; }

    next_step operator()(const again& a) const {
        if (work.attempts >= policy.max_attempts) {
            return {job_state::rejected, now, true,
                    "gave up after " + std::to_string(work.attempts) + " attempts: " + a.why};
        }
        const duration delay = a.after
                                   ? std::clamp(*a.after, policy.min_delay, std::max(longest_wish, policy.min_delay))
                                   : backoff(work.attempts, policy, jitter);
        return {job_state::pending, now + delay, true, a.why};
    }

    next_step operator()(const not_yet& n) const {
        return {job_state::pending, now + std::max(n.after, duration(0)), n.counts, n.why, n.waited};
    }

    next_step operator()(const blocked& b) const {
        return {job_state::blocked, now + policy.blocked_delay.value_or(policy.max_delay), false, b.why};
    }

    next_step operator()(const rejected& r) const { return {job_state::rejected, now, true, r.why}; }

    // A delivery may have been seen at its other end: the next attempt must know that it is not the first.
    next_step operator()(const interrupted&) const {
        return {work.state, now, work.key.kind == job_kind::deliver, work.note};
    }
};

} // namespace

next_step step_after(const job& work, const outcome& came_to, time_point now, const retry_policy& policy,
                     double jitter) {
    return std::visit(next_step_of{work, now, policy, jitter}, came_to);
}

} // namespace seedhook
