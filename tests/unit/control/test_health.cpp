// Health, readiness and metrics.
#include "control_setup.hpp"

using namespace seedhook;
using test::control_setup;

namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(healthz_is_200_whatever_the_state, control_setup) {
    store.failure = error(errc::unavailable, "x");
    BOOST_TEST(get("/healthz").status == 200u);
    BOOST_TEST(get("/healthz").body == R"({"status":"ok"})");
}

BOOST_FIXTURE_TEST_CASE(readyz_says_ready_degraded_or_why_not, control_setup) {
    state.ready = true;
    BOOST_TEST(get("/readyz").status == 200u);
    BOOST_TEST(get("/readyz").body == R"({"ready":true,"degraded":[]})");
    state.degraded = {"sink library: no \"permission\""};
    BOOST_TEST(get("/readyz").status == 200u);
    BOOST_TEST(get("/readyz").body == R"({"ready":true,"degraded":["sink library: no \"permission\""]})");
    state.ready = false;
    state.not_ready = {"the store cannot commit", "not listening"};
    BOOST_TEST(get("/readyz").status == 503u);
    BOOST_TEST(
        get("/readyz").body ==
        R"({"ready":false,"reasons":["the store cannot commit","not listening"],"degraded":["sink library: no \"permission\""]})");
}

BOOST_FIXTURE_TEST_CASE(metrics_show_what_the_store_holds_now, control_setup) {
    store_counts held;
    held.tasks[task_stage::done] = 3;
    held.tasks[task_stage::stuck] = 1;
    job_count one;
    one.kind = job_kind::deliver;
    one.sink = "library";
    one.due = 2;
    one.blocked = 1;
    one.oldest_due = time.at - std::chrono::milliseconds(1500);
    job_count other = one;
    other.sink = "alarm";
    other.due = 5;
    other.running = 4;
    other.scheduled = 6;
    other.blocked = 0;
    other.oldest_due = time.at - std::chrono::milliseconds(2500);
    held.jobs = {one, other};
    store.fixed_counts = held;

    const auto answer = get("/metrics");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.content_type == "text/plain; version=0.0.4");
    for (const std::string line :
         {R"(seedhook_tasks{stage="done"} 3)", R"(seedhook_tasks{stage="stuck"} 1)",
          R"(seedhook_tasks{stage="waiting"} 0)", R"(seedhook_jobs{kind="deliver",state="due"} 7)",
          R"(seedhook_jobs{kind="deliver",state="running"} 4)", R"(seedhook_jobs{kind="deliver",state="scheduled"} 6)",
          R"(seedhook_jobs{kind="deliver",state="blocked"} 1)", R"(seedhook_jobs{kind="fetch",state="due"} 0)",
          R"(seedhook_oldest_due_seconds{kind="deliver"} 2.5)", R"(seedhook_oldest_due_seconds{kind="fetch"} 0)",
          R"(seedhook_spool_bytes 77)"}) {
        BOOST_TEST(has_line(answer.body, line), line);
    }

    store.fixed_counts = store_counts(); // what has gone is said to be gone
    const auto later = get("/metrics");
    BOOST_TEST(has_line(later.body, R"(seedhook_tasks{stage="done"} 0)"));
    BOOST_TEST(has_line(later.body, R"(seedhook_jobs{kind="deliver",state="due"} 0)"));
    BOOST_TEST(has_line(later.body, R"(seedhook_oldest_due_seconds{kind="deliver"} 0)"));
}

BOOST_FIXTURE_TEST_CASE(counters_are_served_although_the_store_does_not_answer, control_setup) {
    counts->callback("main", "unavailable", 0.1);
    store.failure = error(errc::unavailable, "x");
    const auto answer = get("/metrics");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(has_line(answer.body, R"(seedhook_callbacks_total{result="unavailable",source="main"} 1)"));
}

BOOST_FIXTURE_TEST_CASE(a_due_time_in_the_future_is_no_negative_age, control_setup) {
    store_counts held;
    held.jobs.emplace_back().oldest_due = time.at + std::chrono::seconds(5);
    store.fixed_counts = held;
    BOOST_TEST(has_line(get("/metrics").body, R"(seedhook_oldest_due_seconds{kind="fetch"} 0)"));
}
