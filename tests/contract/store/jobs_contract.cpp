// What every engine of the store promises of jobs: claims, leases, outcomes, redelivery.
#include "engines.hpp"

namespace seedhook {
namespace {

using namespace test;

using strings = std::vector<std::string>;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_claim_takes_due_jobs_oldest_first_within_its_room, engine, engines) {
    bench<engine> b;
    for (int i = 1; i <= 3; ++i) {
        b.settled(settle("req_" + std::to_string(i), task_status::succeeded, at(10 - i), b.routes));
    }
    const auto reply = b.template run<claim_reply>(claim(job_kind::fetch, "", 2, at(20)));
    BOOST_REQUIRE_EQUAL(reply.jobs.size(), 2U);
    BOOST_TEST(reply.jobs[0].of.request_id == "req_3");
    BOOST_TEST(reply.jobs[1].of.request_id == "req_2");
    BOOST_TEST(reply.jobs[0].work.attempts == 1U);
    BOOST_TEST((reply.next_due == at(9)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_leased_job_is_nobody_elses_until_the_lease_ends, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    const auto mine = b.claimed(claim(job_kind::fetch, "", 1, at(2), "node-1"));
    BOOST_REQUIRE_EQUAL(mine.size(), 1U);
    const auto early = b.template run<claim_reply>(claim(job_kind::fetch, "", 1, at(61), "node-2"));
    BOOST_TEST(early.jobs.empty());
    BOOST_TEST((early.next_due == at(62)));
    const auto late = b.claimed(claim(job_kind::fetch, "", 1, at(62), "node-2"));
    BOOST_REQUIRE_EQUAL(late.size(), 1U);
    BOOST_TEST(late[0].work.token > mine[0].work.token);
    BOOST_TEST(late[0].work.attempts == 2U);
    // The first owner wakes up: its token is refused.
    BOOST_TEST(!b.finished(finish(mine[0].work, job_state::done, at(63), b.routes)).accepted);
    BOOST_TEST(b.finished(finish(late[0].work, job_state::done, at(64), b.routes)).accepted);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_renewed_lease_holds_and_a_lost_one_cannot_be_renewed, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    const auto mine = b.claimed(claim(job_kind::fetch, "", 1, at(2)));
    renew_command renew;
    renew.held.emplace_back(mine[0].work.key, mine[0].work.token);
    renew.until = at(122);
    BOOST_TEST(b.template run<renew_reply>(renew).renewed.at(0));
    BOOST_TEST(b.claimed(claim(job_kind::fetch, "", 1, at(100), "node-2")).empty());
    BOOST_TEST(b.claimed(claim(job_kind::fetch, "", 1, at(122), "node-2")).size() == 1U);
    BOOST_TEST(!b.template run<renew_reply>(renew).renewed.at(0));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_restarted_node_frees_its_own_leases_and_no_others, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.settled(settle("req_2", task_status::succeeded, at(1), b.routes));
    b.claimed(claim(job_kind::fetch, "", 1, at(2), "node-1"));
    b.claimed(claim(job_kind::fetch, "", 1, at(2), "node-2"));
    b.restart();
    release_command release;
    release.owner = "node-1";
    release.now = at(3);
    BOOST_TEST(b.template run<release_reply>(release).released == 1U);
    const auto again = b.claimed(claim(job_kind::fetch, "", 5, at(3), "node-1"));
    BOOST_REQUIRE_EQUAL(again.size(), 1U);
    BOOST_TEST(again[0].work.attempts == 2U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(leases_of_jobs_in_hand_can_be_kept_while_the_others_are_freed, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.settled(settle("req_2", task_status::succeeded, at(1), b.routes));
    const auto held = b.claimed(claim(job_kind::fetch, "", 2, at(2), "node-1"));
    BOOST_REQUIRE_EQUAL(held.size(), 2U);
    release_command release;
    release.owner = "node-1";
    release.now = at(3);
    release.but.emplace_back(held[0].work.key, held[0].work.token);
    BOOST_TEST(b.template run<release_reply>(release).released == 1U);
    const auto again = b.claimed(claim(job_kind::fetch, "", 5, at(3), "node-1"));
    BOOST_REQUIRE_EQUAL(again.size(), 1U);
    BOOST_TEST(again[0].of.request_id == held[1].of.request_id);
    BOOST_TEST(b.finished(finish(held[0].work, job_state::done, at(4), b.routes)).accepted);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_outcome_that_is_told_again_is_accepted_and_changes_nothing, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.fetch(at(2));
    const auto job = b.claimed(claim(job_kind::deliver, "library", 1, at(3))).at(0).work;
    const auto first = b.finished(finish(job, job_state::done, at(4), b.routes));
    const auto again = b.finished(finish(job, job_state::done, at(5), b.routes));
    BOOST_TEST(again.accepted);
    BOOST_TEST((again.stage == first.stage));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"settled", "fetched", "delivered"}));
    BOOST_TEST(!b.finished(finish(job, job_state::rejected, at(6), b.routes)).accepted);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_attempt_that_does_not_count_is_taken_back, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    auto c =
        finish(b.claimed(claim(job_kind::fetch, "", 1, at(2))).at(0).work, job_state::pending, at(3), b.routes, "");
    c.counts = false;
    BOOST_TEST(b.finished(std::move(c)).accepted);
    BOOST_TEST(b.claimed(claim(job_kind::fetch, "", 1, at(3))).at(0).work.attempts == 1U);
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"settled"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_rejected_job_makes_its_task_stuck_and_redeliver_brings_it_back, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.fetch(at(2));
    const auto job = b.claimed(claim(job_kind::deliver, "library", 1, at(3))).at(0).work;
    BOOST_TEST((b.finished(finish(job, job_state::rejected, at(4), b.routes, "no")).stage == task_stage::stuck));
    redeliver_command again;
    again.request_id = "req_1";
    again.sink = "library";
    again.video_at_hand = true;
    again.now = at(5);
    again.routes = b.routes;
    BOOST_TEST((b.template run<redeliver_reply>(again).what == redeliver_reply::kind::scheduled));
    const auto jobs = b.claimed(claim(job_kind::deliver, "library", 1, at(5)));
    BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
    BOOST_TEST(jobs[0].work.attempts == 1U);
    BOOST_TEST(!b.finished(finish(job, job_state::done, at(6), b.routes)).accepted);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(redeliver_without_the_video_fetches_first_and_spares_sinks_that_have_it, engine,
                              engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.fetch(at(2));
    for (const char* sink : {"library", "archive"}) {
        b.finished(
            finish(b.claimed(claim(job_kind::deliver, sink, 1, at(3))).at(0).work, job_state::done, at(4), b.routes));
    }
    redeliver_command again;
    again.request_id = "req_1";
    again.sink = "archive";
    again.now = at(5);
    again.routes = b.routes;
    BOOST_TEST((b.template run<redeliver_reply>(again).what == redeliver_reply::kind::scheduled));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::fetching));
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "archive", 1, at(6))).empty());
    b.fetch(at(7));
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "archive", 1, at(8))).size() == 1U);
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "library", 1, at(8))).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(redeliver_says_why_it_cannot, engine, engines) {
    bench<engine> b;
    using kind = redeliver_reply::kind;
    redeliver_command c;
    c.request_id = "req_1";
    c.now = at(5);
    c.routes = b.routes;
    BOOST_TEST((b.template run<redeliver_reply>(c).what == kind::unknown_task));
    b.settled(settle("req_1", task_status::processing, at(1), b.routes));
    BOOST_TEST((b.template run<redeliver_reply>(c).what == kind::not_settled));
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    c.sink = "nowhere";
    BOOST_TEST((b.template run<redeliver_reply>(c).what == kind::unwanted));
    auto twin = settle("req_1", task_status::succeeded, at(1), b.routes);
    twin.source = "second";
    b.settled(std::move(twin));
    BOOST_TEST((b.template run<redeliver_reply>(c).what == kind::ambiguous));
}

} // namespace
} // namespace seedhook
