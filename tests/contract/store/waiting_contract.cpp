// What every engine of the store promises of tasks that are waited for: tracked, hinted at, polled, expired.
#include "engines.hpp"

namespace seedhook {
namespace {

using namespace test;

using reply_kind = settle_reply::kind;
using strings = std::vector<std::string>;

track_command track(const std::vector<std::string>& ids, time_point now, time_point ask_at) {
    track_command c;
    c.source = "main";
    for (const std::string& id : ids) {
        c.tasks.emplace_back().request_id = id;
    }
    c.by = "gateway";
    c.submitted_at = now;
    c.body = "{\"success\":true}";
    c.now = now;
    c.ask_at = ask_at;
    c.routes = routes_to({"library", "archive"});
    return c;
}

hint_command hint(std::string id, time_point now, std::uint32_t most_unknown = 10) {
    hint_command c;
    c.source = "main";
    c.request_id = std::move(id);
    c.most_unknown = most_unknown;
    c.now = now;
    return c;
}

settle_command polled(std::string id, task_status status, time_point now, std::shared_ptr<const routing> routes) {
    settle_command c = settle(std::move(id), status, now, std::move(routes));
    c.by = "poll";
    return c;
}

claim_command claim_polls(time_point now) { return claim(job_kind::poll, "main", 10, now); }

// The outcome of a poll that found the task not finished.
finish_command not_finished(const job& work, time_point now, time_point ask_at) {
    finish_command c = finish(work, job_state::pending, now, nullptr, "processing");
    c.due_at = ask_at;
    c.waited = std::chrono::seconds(30);
    return c;
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_tracked_task_waits_and_its_poll_is_due_when_it_was_said, engine, engines) {
    bench<engine> b;
    const auto reply = b.template run<track_reply>(track({"req_1", "req_2"}, at(1), at(60)));
    BOOST_TEST((reply.fresh == std::vector<bool>{true, true}));
    const task_detail d = b.detail("req_1");
    BOOST_TEST((d.of.stage == task_stage::waiting));
    BOOST_TEST((d.of.submitted_at == at(1)));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked"}));
    BOOST_TEST(d.events[0].detail == "by gateway");
    BOOST_TEST(b.claimed(claim_polls(at(59))).empty());
    const auto jobs = b.claimed(claim_polls(at(60)));
    BOOST_REQUIRE_EQUAL(jobs.size(), 2U);
    BOOST_TEST(jobs[0].of.request_id == "req_1");
    BOOST_TEST(jobs[0].work.key.sink == "main");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_task_tracked_twice_is_known_the_second_time, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    const auto again = b.template run<track_reply>(track({"req_1"}, at(2), at(90)));
    BOOST_TEST((again.fresh == std::vector<bool>{false}));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked"}));
    BOOST_TEST(b.claimed(claim_polls(at(60))).size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(settling_a_tracked_task_ends_its_poll_and_tells_how_long_it_took, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    const auto reply = b.settled(settle("req_1", task_status::succeeded, at(50), b.routes));
    BOOST_TEST((reply.what == reply_kind::settled));
    BOOST_REQUIRE(reply.learnt.has_value());
    BOOST_TEST((reply.learnt->submitted_at == at(1)));
    BOOST_TEST((reply.learnt->settled_at == at(50)));
    BOOST_TEST(reply.learnt->by == "callback");
    BOOST_TEST(!reply.learnt->last_unfinished.has_value());
    BOOST_TEST(b.claimed(claim_polls(at(100))).empty());
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::fetching));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(from_a_task_whose_callback_goes_elsewhere_nothing_is_learnt, engine, engines) {
    bench<engine> b;
    track_command c = track({"req_1"}, at(1), at(60));
    c.called_back = callbacks::elsewhere;
    b.template run<track_reply>(std::move(c));
    BOOST_TEST((b.detail("req_1").of.called_back == callbacks::elsewhere));
    BOOST_TEST(!b.settled(polled("req_1", task_status::succeeded, at(50), b.routes)).learnt.has_value());
    BOOST_TEST(!b.settled(settle("req_1", task_status::succeeded, at(60), b.routes)).learnt.has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_poll_that_settles_tells_when_the_last_one_had_not, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    const auto first = b.claimed(claim_polls(at(60)));
    BOOST_TEST(b.finished(not_finished(first.at(0).work, at(61), at(90))).accepted);
    const auto second = b.claimed(claim_polls(at(90)));
    BOOST_TEST(second.at(0).work.attempts == 2U);
    BOOST_TEST((second[0].work.waited == std::chrono::seconds(30)));
    const auto reply = b.settled(polled("req_1", task_status::succeeded, at(91), b.routes));
    BOOST_REQUIRE(reply.learnt.has_value());
    BOOST_TEST((reply.learnt->last_unfinished == at(61)));
    BOOST_TEST(!b.finished(finish(second[0].work, job_state::done, at(91), b.routes)).accepted);
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked", "settled"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_callback_after_the_poll_that_settled_is_late_and_told_once, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    b.settled(polled("req_1", task_status::succeeded, at(91), b.routes));
    const auto late = b.settled(settle("req_1", task_status::succeeded, at(95), b.routes));
    BOOST_TEST((late.what == reply_kind::duplicate));
    BOOST_REQUIRE(late.learnt.has_value());
    BOOST_TEST(late.learnt->late_callback);
    const auto later = b.settled(settle("req_1", task_status::succeeded, at(96), b.routes));
    BOOST_TEST(!later.learnt.has_value());
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked", "settled", "late"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_status_that_is_not_terminal_tracks_and_polls_an_unknown_task, engine, engines) {
    bench<engine> b;
    auto c = settle("req_1", task_status::processing, at(1), b.routes);
    c.ask_at = at(30);
    BOOST_TEST((b.settled(std::move(c)).what == reply_kind::tracked));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::waiting));
    BOOST_TEST(b.claimed(claim_polls(at(29))).empty());
    BOOST_TEST(b.claimed(claim_polls(at(30))).size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_expired_task_is_done_and_can_still_be_settled, engine, engines) {
    bench<engine> b;
    std::vector<route> routes(1);
    routes[0].sink = "library";
    routes[0].on = {task_status::succeeded, task_status::expired};
    const auto both = std::make_shared<const routing>(routes);
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    BOOST_TEST((b.settled(polled("req_1", task_status::expired, at(100), both)).what == reply_kind::settled));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::delivering)); // the sink is told that it expired
    auto told = b.claimed(claim(job_kind::deliver, "library", 1, at(100)));
    BOOST_TEST(b.finished(finish(told.at(0).work, job_state::done, at(101), both)).accepted);
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::done));
    BOOST_TEST((b.settled(polled("req_1", task_status::expired, at(102), both)).what == reply_kind::duplicate));

    const auto late = b.settled(settle("req_1", task_status::succeeded, at(200), both));
    BOOST_TEST((late.what == reply_kind::settled));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::fetching));
    b.fetch(at(201));
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "library", 1, at(202))).size() == 1U); // and that there is a video
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked", "expired", "delivered", "settled", "fetched"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_expired_task_that_goes_on_upstream_is_waited_for_again, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    b.settled(polled("req_1", task_status::expired, at(100), b.routes));
    auto goes_on = settle("req_1", task_status::processing, at(200), b.routes);
    goes_on.ask_at = at(210);
    BOOST_TEST((b.settled(std::move(goes_on)).what == reply_kind::tracked));
    const task_detail d = b.detail("req_1");
    BOOST_TEST((d.of.stage == task_stage::waiting));
    BOOST_TEST((d.of.status == task_status::processing));
    BOOST_TEST(!d.of.settled_at.has_value());
    BOOST_TEST(b.claimed(claim_polls(at(210))).size() == 1U);
    BOOST_TEST(b.reader->counts(at(210)).value().tasks[task_stage::waiting] == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hint_makes_the_poll_of_a_known_task_due_but_not_too_often, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(600)));
    BOOST_TEST((b.template run<hint_reply>(hint("req_1", at(50))).what == hint_reply::kind::asking));
    const auto jobs = b.claimed(claim_polls(at(50)));
    BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
    b.finished(not_finished(jobs[0].work, at(51), at(600)));
    b.template run<hint_reply>(hint("req_1", at(52)));
    BOOST_TEST(b.claimed(claim_polls(at(54))).empty());
    BOOST_TEST(b.claimed(claim_polls(at(56))).size() == 1U);
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hint_that_comes_while_the_task_is_polled_polls_it_again, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(10)));
    const auto jobs = b.claimed(claim_polls(at(10)));
    b.template run<hint_reply>(hint("req_1", at(11)));
    BOOST_TEST(b.finished(not_finished(jobs.at(0).work, at(12), at(600))).accepted);
    const auto again = b.claimed(claim_polls(at(17)));
    BOOST_REQUIRE_EQUAL(again.size(), 1U);
    b.finished(not_finished(again[0].work, at(18), at(600)));
    BOOST_TEST(b.claimed(claim_polls(at(500))).empty());
}

// Else a source whose callbacks only confirm would seem to lose them all.
BOOST_AUTO_TEST_CASE_TEMPLATE(of_a_task_that_was_hinted_at_its_callback_is_learnt, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"at_once", "late", "told_early", "wished", "silent"}, at(1), at(600)));
    for (const char* id : {"at_once", "late", "told_early"}) {
        b.template run<hint_reply>(hint(id, at(50)));
    }
    hint_command wish = hint("wished", at(50));
    wish.by_callback = false;
    b.template run<hint_reply>(std::move(wish));
    b.template run<track_reply>(track({"wished"}, at(1), at(50)));
    for (const claimed_job& j : b.claimed(claim_polls(at(51)))) {
        const std::string& id = j.of.request_id;
        if (id == "late") { // upstream itself lags a little
            b.finished(not_finished(j.work, at(52), at(57)));
        } else if (id == "told_early") {
            b.finished(not_finished(j.work, at(300), at(600)));
        }
    }
    const auto learnt = [&b](const char* id, std::int64_t when) {
        return b.settled(polled(id, task_status::succeeded, at(when), b.routes)).learnt.value();
    };
    BOOST_TEST(learnt("at_once", 52).by == "callback");
    const settlement late = learnt("late", 58);
    BOOST_TEST(late.by == "callback");
    BOOST_TEST((late.settled_at == at(50)));
    BOOST_TEST(learnt("told_early", 600).by == "poll");
    BOOST_TEST(learnt("wished", 52).by == "poll");
    BOOST_TEST(learnt("silent", 700).by == "poll");
    BOOST_TEST(b.detail("at_once").of.settled_by == "poll");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hint_that_comes_while_a_poll_gives_up_outlives_it, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(10)));
    const auto jobs = b.claimed(claim_polls(at(10)));
    b.template run<hint_reply>(hint("req_1", at(11)));
    const auto gives_up = b.settled(polled("req_1", task_status::expired, at(12), b.routes));
    BOOST_TEST((gives_up.what == reply_kind::tracked));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::waiting));
    BOOST_TEST(b.finished(not_finished(jobs.at(0).work, at(12), at(600))).accepted);
    BOOST_TEST(b.claimed(claim_polls(at(17))).size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_poll_that_nobody_answered_is_no_attempt_but_keeps_hints_apart, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1"}, at(1), at(10)));
    const auto jobs = b.claimed(claim_polls(at(10)));
    finish_command nobody = not_finished(jobs.at(0).work, at(20), at(600));
    nobody.counts = false;
    b.finished(nobody);
    b.template run<hint_reply>(hint("req_1", at(21)));
    BOOST_TEST(b.claimed(claim_polls(at(24))).empty());
    const auto again = b.claimed(claim_polls(at(25)));
    BOOST_REQUIRE_EQUAL(again.size(), 1U);
    BOOST_TEST(again[0].work.attempts == 1U);
    BOOST_TEST((again[0].work.updated_at == at(1)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_task_that_is_waited_for_again_is_no_more_delivered_as_expired, engine, engines) {
    bench<engine> b;
    std::vector<route> routes(1);
    routes[0].sink = "library";
    routes[0].on = {task_status::expired};
    const auto expired_only = std::make_shared<const routing>(routes);
    b.template run<track_reply>(track({"req_1"}, at(1), at(60)));
    b.settled(polled("req_1", task_status::expired, at(100), expired_only));
    b.template run<hint_reply>(hint("req_1", at(101)));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::waiting));
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "library", 1, at(102))).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(hints_of_unknown_tasks_are_bounded_until_upstream_confirms_them, engine, engines) {
    bench<engine> b;
    using kind = hint_reply::kind;
    BOOST_TEST((b.template run<hint_reply>(hint("req_1", at(1), 2)).what == kind::asking));
    BOOST_TEST((b.template run<hint_reply>(hint("req_2", at(1), 2)).what == kind::asking));
    BOOST_TEST((b.template run<hint_reply>(hint("req_2", at(1), 2)).what == kind::asking)); // known by now
    BOOST_TEST((b.template run<hint_reply>(hint("req_3", at(1), 2)).what == kind::refused));
    BOOST_TEST(b.detail("req_1").of.unconfirmed);
    b.settled(polled("req_1", task_status::processing, at(2), b.routes));
    BOOST_TEST(!b.detail("req_1").of.unconfirmed);
    BOOST_TEST((b.template run<hint_reply>(hint("req_3", at(3), 2)).what == kind::asking));
    BOOST_TEST((b.template run<hint_reply>(hint("req_4", at(3), 2)).what == kind::refused));
    b.settled(polled("req_2", task_status::expired, at(4), b.routes)); // upstream knows no such task
    BOOST_TEST((b.template run<hint_reply>(hint("req_4", at(5), 2)).what == kind::asking));
    BOOST_TEST((b.template run<hint_reply>(hint("req_2", at(6), 2)).what == kind::refused)); // begins anew
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hint_of_a_settled_task_is_a_duplicate, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    BOOST_TEST((b.template run<hint_reply>(hint("req_1", at(2))).what == hint_reply::kind::duplicate));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_callback_before_its_track_reaches_the_sinks_that_only_then_match, engine, engines) {
    bench<engine> b;
    std::vector<route> routes(2);
    routes[0].sink = "library";
    routes[1].sink = "projects";
    routes[1].metadata["project"] = "p1";
    b.routes = std::make_shared<const routing>(routes);
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.fetch(at(2));
    auto jobs = b.claimed(claim(job_kind::deliver, "library", 1, at(3)));
    b.finished(finish(jobs.at(0).work, job_state::done, at(3), b.routes));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::done));

    track_command c = track({"req_1"}, at(4), at(60));
    c.tasks[0].metadata = R"({"project":"p1"})";
    c.routes = b.routes;
    b.template run<track_reply>(std::move(c));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::fetching)); // the video left the spool with the last delivery
    b.fetch(at(5));
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "library", 1, at(6))).empty()); // not twice
    BOOST_TEST(b.claimed(claim(job_kind::deliver, "projects", 1, at(6))).size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_submission_whose_answer_is_lost_is_an_event_and_stays_listed, engine, engines) {
    bench<engine> b;
    begin_submission_command begin;
    begin.source = "main";
    begin.what = "seedance-2.0, a river";
    begin.now = at(1);
    const auto tracked = b.template run<begin_submission_reply>(begin).intent;
    const auto refused = b.template run<begin_submission_reply>(begin).intent;
    const auto lost = b.template run<begin_submission_reply>(begin).intent;
    BOOST_TEST(b.reader->open_submissions().value().size() == 3U);
    track_command t = track({"req_1"}, at(2), at(60));
    t.intent = tracked;
    b.template run<track_reply>(std::move(t));
    end_submission_command end;
    end.intent = refused;
    end.now = at(2);
    b.template run<end_submission_reply>(end);
    end.intent = lost;
    end.lost = "the connection broke";
    b.template run<end_submission_reply>(end);
    b.template run<end_submission_reply>(end); // said twice
    b.restart();
    const auto left = b.reader->open_submissions().value();
    BOOST_REQUIRE_EQUAL(left.size(), 1U);
    BOOST_TEST(left[0].intent == lost);
    BOOST_TEST(left[0].lost == "the connection broke");
    const auto events = b.reader->events_after(0, 10).value();
    BOOST_REQUIRE_EQUAL(events.size(), 2U);
    BOOST_TEST(events[1].what.kind == "lost");
    BOOST_TEST(events[1].what.task == 0);
    BOOST_TEST(events[1].what.detail == "source main: seedance-2.0, a river: the connection broke");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_fresh_url_replaces_the_old_one, engine, engines) {
    bench<engine> b;
    const auto id = b.settled(settle("req_1", task_status::succeeded, at(1), b.routes)).task;
    url_command c;
    c.task = id;
    c.url = "https://videos.example/fresh.mp4";
    c.now = at(2);
    BOOST_TEST(b.template run<url_reply>(c).changed);
    BOOST_TEST(!b.template run<url_reply>(c).changed);
    BOOST_TEST(b.detail("req_1").of.video_url == c.url);
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"settled", "url"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(polls_are_counted_by_source_where_they_are_due, engine, engines) {
    bench<engine> b;
    b.template run<track_reply>(track({"req_1", "req_2", "req_3"}, at(1), at(60)));
    track_command other = track({"req_1"}, at(1), at(600));
    other.source = "second";
    b.template run<track_reply>(std::move(other));
    BOOST_TEST(b.claimed(claim(job_kind::poll, "main", 1, at(60))).size() == 1U);
    std::uint64_t due = 0, running = 0, scheduled = 0;
    for (const job_count& lane : b.reader->counts(at(70)).value().jobs) {
        BOOST_TEST((lane.kind == job_kind::poll));
        due += lane.due;
        running += lane.running;
        scheduled += lane.scheduled;
    }
    BOOST_TEST(due == 2U);
    BOOST_TEST(running == 1U);
    BOOST_TEST(scheduled == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_remembered_outlives_a_restart, engine, engines) {
    bench<engine> b;
    BOOST_TEST(b.reader->remembered("polls").value() == "");
    remember_command c;
    c.name = "polls";
    c.value = "one";
    b.template run<remember_reply>(c);
    c.value = "two";
    b.template run<remember_reply>(c);
    b.restart();
    BOOST_TEST(b.reader->remembered("polls").value() == "two");
}

} // namespace
} // namespace seedhook
