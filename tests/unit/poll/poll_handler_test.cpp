// What a poll does with each answer, over an API that says what it is told.
#include "memory_store.hpp"
#include "run_coroutine.hpp"

#include "seedhook/log/log.hpp"
#include "seedhook/poll/poll.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <utility>

namespace seedhook {
namespace {

using namespace std::chrono_literals;
using failure_kind = seedance::api_failure::kind;
using api_answer = seedance::api_result<seedance::api_report>;

constexpr time_point start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};

class fixed_clock final : public seedhook::clock {
public:
    time_point now() const noexcept override { return at; }
    time_point at = start;
};

class scripted_asker final : public asker {
public:
    awaitable<api_answer> ask(std::string request_id) override {
        asked.push_back(std::move(request_id));
        api_answer next = std::move(answers.front());
        answers.pop_front();
        co_return next;
    }
    duration next_turn() const override { return turn; }

    std::deque<api_answer> answers;
    std::vector<std::string> asked;
    duration turn = 42s;
};

api_answer says(std::optional<task_status> status, std::string text, std::string url = {}) {
    seedance::api_report report;
    report.report.request_id = "req_1";
    report.report.status = status;
    report.report.status_text = std::move(text);
    report.report.model = "seedance-2.0";
    report.report.video_url = std::move(url);
    report.body = "{\"its\":\"bytes\"}";
    return report;
}

api_answer fails(failure_kind what) {
    seedance::api_failure failure;
    failure.what = what;
    failure.message = "as told";
    return failure;
}

struct poll_setup {
    poll_setup() {
        log::configure(log::level::error, log::format::text);
        task t;
        t.source = "main";
        t.request_id = "req_1";
        t.model = "seedance-2.0";
        t.created_at = start;
        t.submitted_at = start;
        work.of = store.put(t).of;
        work.work.key = job_key(work.of.id, job_kind::poll, "main");
        work.work.attempts = 1;
        work.work.updated_at = start;
        settings.give_up_after = 24h;
        settings.max_interval = 5min;
        poll_context with{upstream, *plans, store, *counts, time, std::make_shared<const routing>()};
        polls = make_poll_handler(settings, std::move(with));
    }

    outcome poll(api_answer answer, duration later) {
        time.at = start + later;
        upstream->answers.push_back(std::move(answer));
        return test::run_coroutine(polls->run(work));
    }

    test::memory_store store;
    fixed_clock time;
    std::unique_ptr<metrics> counts = make_metrics("test");
    std::unique_ptr<planner> plans = make_planner({{"main", asking()}});
    std::shared_ptr<scripted_asker> upstream = std::make_shared<scripted_asker>();
    poll_settings settings;
    std::shared_ptr<handler> polls;
    claimed_job work;
};

BOOST_FIXTURE_TEST_CASE(a_terminal_answer_settles_the_task_by_poll, poll_setup) {
    const outcome came_to = poll(says(task_status::succeeded, "succeeded", "https://videos.example/v.mp4"), 2min);
    BOOST_TEST(std::holds_alternative<done>(came_to));
    BOOST_REQUIRE_EQUAL(store.settles.size(), 1U);
    BOOST_TEST(store.settles[0].by == "poll");
    BOOST_TEST((store.settles[0].status == task_status::succeeded));
    BOOST_TEST(store.settles[0].video_url == "https://videos.example/v.mp4");
    BOOST_TEST(store.settles[0].body == "{\"its\":\"bytes\"}");
    BOOST_TEST(counts->exposition().find("by=\"poll\"") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_task_that_is_not_finished_is_asked_about_later, poll_setup) {
    const outcome came_to = poll(says(task_status::queued, "queued"), 2min);
    const auto* later = std::get_if<not_yet>(&came_to);
    BOOST_REQUIRE(later != nullptr);
    BOOST_TEST((later->after > 0s && later->after <= 1h));
    BOOST_TEST((later->waited == 2min));
    BOOST_TEST(later->counts);
    BOOST_TEST(later->why == "queued");
    BOOST_TEST(store.settles.empty()); // nothing new
}

BOOST_FIXTURE_TEST_CASE(a_status_that_changed_is_kept_and_an_unknown_one_is_not_terminal, poll_setup) {
    BOOST_TEST(std::holds_alternative<not_yet>(poll(says(std::nullopt, "rendering"), 2min)));
    BOOST_REQUIRE_EQUAL(store.settles.size(), 1U);
    BOOST_TEST((store.settles[0].status == task_status::processing));
}

BOOST_FIXTURE_TEST_CASE(faults_of_the_api_put_the_poll_off_and_are_no_attempt, poll_setup) {
    for (const failure_kind kind : {failure_kind::unauthorized, failure_kind::rate_limited, failure_kind::upstream,
                                    failure_kind::unreachable, failure_kind::malformed}) {
        const outcome came_to = poll(fails(kind), 100h);
        const auto* later = std::get_if<not_yet>(&came_to);
        BOOST_REQUIRE(later != nullptr);
        BOOST_TEST((later->after >= 42s));
        BOOST_TEST(!later->counts);
        BOOST_TEST((later->waited == 0s));
    }
    BOOST_TEST(store.settles.empty());
}

BOOST_FIXTURE_TEST_CASE(answers_that_refuse_a_task_are_asked_for_again_but_not_for_ever, poll_setup) {
    for (const failure_kind kind : {failure_kind::invalid_request, failure_kind::insufficient_credits}) {
        work.work.waited = 23h;
        const outcome came_to = poll(fails(kind), 30min);
        const auto* later = std::get_if<not_yet>(&came_to);
        BOOST_REQUIRE(later != nullptr);
        BOOST_TEST((later->after >= 42s));
        BOOST_TEST(later->counts);
        BOOST_TEST((later->waited == 23h + 30min));
        store.settles.clear();
        BOOST_TEST(std::holds_alternative<done>(poll(fails(kind), 1h)));
        BOOST_REQUIRE_EQUAL(store.settles.size(), 1U);
        BOOST_TEST((store.settles[0].status == task_status::expired));
        store.settles.clear();
        store.all[0].of.settled_at.reset();
    }
}

BOOST_FIXTURE_TEST_CASE(a_task_that_is_never_answered_while_others_are_expires_after_twice_the_time, poll_setup) {
    for (const failure_kind kind : {failure_kind::upstream, failure_kind::unreachable, failure_kind::malformed}) {
        work.work.waited = 0s;
        poll(says(task_status::queued, "queued"), 1min); // as about any other task
        work.work.waited = 47h;
        store.settles.clear();
        const outcome came_to = poll(fails(kind), 30min);
        const auto* later = std::get_if<not_yet>(&came_to);
        BOOST_REQUIRE(later != nullptr);
        BOOST_TEST((later->waited == 47h + 30min));
        BOOST_TEST(std::holds_alternative<done>(poll(fails(kind), 1h)));
        BOOST_REQUIRE_EQUAL(store.settles.size(), 1U);
        BOOST_TEST((store.settles[0].status == task_status::expired));
        store.all[0].of.settled_at.reset();
    }
}

BOOST_FIXTURE_TEST_CASE(told_to_stop_it_is_interrupted, poll_setup) {
    BOOST_TEST(std::holds_alternative<interrupted>(poll(fails(failure_kind::cancelled), 1min)));
}

BOOST_FIXTURE_TEST_CASE(a_task_that_upstream_does_not_know_expires_with_the_third_answer, poll_setup) {
    for (int i = 0; i < 4; ++i) { // two of them within a minute of another
        const outcome came_to = poll(fails(failure_kind::not_found), 1min + i / 2 * 1min + i % 2 * 5s);
        const auto* later = std::get_if<not_yet>(&came_to);
        BOOST_REQUIRE(later != nullptr);
        BOOST_TEST((later->after == 1min));
    }
    BOOST_TEST(store.settles.empty());
    BOOST_TEST(std::holds_alternative<done>(poll(fails(failure_kind::not_found), 3min)));
    BOOST_REQUIRE_EQUAL(store.settles.size(), 1U);
    BOOST_TEST((store.settles[0].status == task_status::expired));
    BOOST_TEST(store.settles[0].failure->code == "not_found");
}

BOOST_FIXTURE_TEST_CASE(an_answer_between_two_not_founds_begins_the_count_anew, poll_setup) {
    poll(fails(failure_kind::not_found), 1min);
    poll(fails(failure_kind::not_found), 2min);
    poll(says(task_status::queued, "queued"), 3min);
    poll(fails(failure_kind::not_found), 4min);
    poll(fails(failure_kind::not_found), 5min);
    BOOST_TEST(store.settles.empty());
}

BOOST_FIXTURE_TEST_CASE(after_give_up_after_of_waiting_an_unfinished_task_expires, poll_setup) {
    work.work.waited = 23h + 50min;
    work.work.updated_at = start;
    BOOST_TEST(std::holds_alternative<not_yet>(poll(says(task_status::queued, "queued"), 9min)));
    BOOST_TEST(std::holds_alternative<done>(poll(says(task_status::queued, "queued"), 10min)));
    BOOST_REQUIRE_EQUAL(store.settles.size(), 1U);
    BOOST_TEST((store.settles[0].status == task_status::expired));
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_jumps_expires_nothing, poll_setup) {
    constexpr auto month = std::chrono::hours(30 * 24);
    BOOST_TEST(std::holds_alternative<not_yet>(poll(says(task_status::queued, "queued"), month)));
    BOOST_TEST(std::holds_alternative<not_yet>(poll(says(task_status::queued, "queued"), -month)));
    BOOST_TEST(store.settles.empty());
}

BOOST_AUTO_TEST_CASE(waiting_grows_by_no_more_than_an_hour_or_two_intervals_a_poll) {
    job poll;
    poll.waited = 1h;
    poll.updated_at = start;
    BOOST_TEST((waited_after(poll, start + 5min, 5min) == 1h + 5min));
    BOOST_TEST((waited_after(poll, start + 100h, 5min) == 2h));
    BOOST_TEST((waited_after(poll, start + 100h, 3h) == 7h));
    BOOST_TEST((waited_after(poll, start - 100h, 5min) == 1h));
}

BOOST_FIXTURE_TEST_CASE(what_the_store_cannot_take_is_asked_again, poll_setup) {
    store.failure = error(errc::unavailable, "mending");
    const outcome came_to = poll(says(task_status::succeeded, "succeeded"), 1min);
    BOOST_TEST(std::holds_alternative<not_yet>(came_to));
}

BOOST_FIXTURE_TEST_CASE(nobody_waits_for_a_fresh_url_while_the_api_wants_to_be_left_alone, poll_setup) {
    const auto url = test::run_coroutine(ask_for_url(upstream, store, work.of, time));
    BOOST_TEST((url.error().code == errc::unavailable));
    BOOST_TEST(upstream->asked.empty());
}

BOOST_FIXTURE_TEST_CASE(a_fresh_url_is_kept_with_the_task, poll_setup) {
    upstream->turn = 0s;
    upstream->answers.push_back(says(task_status::succeeded, "succeeded", "https://videos.example/fresh.mp4"));
    const auto url = test::run_coroutine(ask_for_url(upstream, store, work.of, time));
    BOOST_TEST(url.value() == "https://videos.example/fresh.mp4");
    BOOST_TEST(store.all[0].of.video_url == "https://videos.example/fresh.mp4");
    upstream->answers.push_back(says(task_status::succeeded, "succeeded"));
    BOOST_TEST((test::run_coroutine(ask_for_url(upstream, store, work.of, time)).error().code == errc::not_found));
    upstream->answers.push_back(fails(failure_kind::cancelled));
    BOOST_TEST((test::run_coroutine(ask_for_url(upstream, store, work.of, time)).error().code == errc::cancelled));
}

} // namespace
} // namespace seedhook
