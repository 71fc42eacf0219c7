// When to try again.
#include "seedhook/work/retry.hpp"

#include <boost/test/unit_test.hpp>

namespace seedhook {
namespace {

using namespace std::chrono_literals;

const time_point now{std::chrono::seconds(1'000'000)};

job tried(std::uint32_t attempts) {
    job j;
    j.attempts = attempts;
    j.note = "before";
    return j;
}

next_step after(std::uint32_t attempts, const outcome& o, double jitter = 0.999999) {
    return step_after(tried(attempts), o, now, {}, jitter);
}

BOOST_AUTO_TEST_CASE(done_is_done_and_says_where) {
    const next_step s = after(1, done(std::string("/srv/v.mp4")));
    BOOST_TEST((s.state == job_state::done));
    BOOST_TEST(s.note == "/srv/v.mp4");
}

BOOST_AUTO_TEST_CASE(delays_double_up_to_the_longest) {
    const duration expected[]{1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 512s, 600s};
    for (std::uint32_t i = 0; i < 11; ++i) {
        const duration delay = after(i + 1, again("x")).due_at - now;
        BOOST_TEST(delay.count() <= expected[i].count());
        BOOST_TEST(delay.count() >= expected[i].count() - 10);
    }
}

BOOST_AUTO_TEST_CASE(jitter_spreads_between_half_of_the_step_and_all_of_it) {
    BOOST_TEST((after(3, again("x"), 0.0).due_at - now == 2s));
    BOOST_TEST((after(3, again("x"), 0.5).due_at - now == 3s));
}

BOOST_AUTO_TEST_CASE(the_last_attempt_rejects_with_the_reason) {
    const next_step s = after(12, again("connection refused"));
    BOOST_TEST((s.state == job_state::rejected));
    BOOST_TEST(s.note == "gave up after 12 attempts: connection refused");
}

BOOST_AUTO_TEST_CASE(a_peers_own_delay_is_obeyed_up_to_an_hour) {
    BOOST_TEST((after(1, again("busy", duration(90s))).due_at - now == 90s));
    BOOST_TEST((after(1, again("busy", duration(24h))).due_at - now == 1h));
    BOOST_TEST((after(1, again("busy", duration(0))).due_at - now == 1s));
    BOOST_TEST((after(1, again("busy", duration(-5s))).due_at - now == 1s));
}

BOOST_AUTO_TEST_CASE(blocked_goes_on_for_as_long_as_it_takes_and_does_not_count) {
    const next_step s = after(5000, blocked("no bucket"));
    BOOST_TEST((s.state == job_state::blocked));
    BOOST_TEST((s.due_at - now == 10min));
    BOOST_TEST(!s.counts);
}

BOOST_AUTO_TEST_CASE(blocked_is_tried_again_after_a_pause_of_its_own_where_one_is_said) {
    retry_policy quick;
    quick.blocked_delay = 15s;
    BOOST_TEST((step_after(tried(3), blocked("no room"), now, quick, 0.5).due_at - now == 15s));
}

BOOST_AUTO_TEST_CASE(an_interrupted_attempt_leaves_the_job_as_it_was) {
    job j = tried(3);
    j.state = job_state::blocked;
    const next_step s = step_after(j, interrupted(), now, {}, 0.5);
    BOOST_TEST((s.state == job_state::blocked));
    BOOST_TEST(s.note == "before");
    BOOST_TEST((s.due_at == now));
    BOOST_TEST(!s.counts);
}

BOOST_AUTO_TEST_CASE(an_interrupted_delivery_was_an_attempt_as_its_other_end_may_have_seen_it) {
    job j = tried(3);
    j.key.kind = job_kind::deliver;
    BOOST_TEST(step_after(j, interrupted(), now, {}, 0.5).counts);
}

BOOST_AUTO_TEST_CASE(absurd_attempt_counts_do_not_overflow) {
    retry_policy patient;
    patient.max_attempts = 4'000'000'000U;
    const next_step s = step_after(tried(3'999'999'999U), again("x"), now, patient, 0.5);
    BOOST_TEST((s.due_at - now <= 10min));
    BOOST_TEST((s.due_at > now));
}

} // namespace
} // namespace seedhook
