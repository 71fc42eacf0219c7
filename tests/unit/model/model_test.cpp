// Times, names, stages and routes.
#include "commands.hpp"

#include "seedhook/model/error.hpp"
#include "seedhook/model/routing.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>

namespace seedhook {
namespace {

using namespace test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(times_are_written_as_rfc_3339_in_utc) {
    BOOST_TEST(to_rfc3339(time_point(1'795'255'200'007ms)) == "2026-11-21T10:00:00.007Z");
    BOOST_TEST(to_rfc3339(time_point(0ms)) == "1970-01-01T00:00:00.000Z");
    BOOST_TEST(to_rfc3339(time_point(-1ms)) == "1969-12-31T23:59:59.999Z");
}

BOOST_AUTO_TEST_CASE(times_are_read_as_they_are_written) {
    BOOST_TEST((parse_rfc3339("2026-11-21T10:00:00.007Z") == time_point(1'795'255'200'007ms)));
    BOOST_TEST((parse_rfc3339("2026-11-21T10:00:00Z") == time_point(1'795'255'200'000ms)));
    BOOST_TEST((parse_rfc3339("2026-11-21t10:00:00.0079999999z") == time_point(1'795'255'200'007ms)));
    BOOST_TEST((parse_rfc3339("2026-11-21 12:30:00.1+02:30") == time_point(1'795'255'200'100ms)));
    BOOST_TEST((parse_rfc3339("2026-11-21T09:00:00-01:00") == time_point(1'795'255'200'000ms)));
    BOOST_TEST((parse_rfc3339("1969-12-31T23:59:59.999Z") == time_point(-1ms)));
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_not_read_as_one) {
    for (const char* text :
         {"", "2026", "2026-11-21", "2026-11-21T10:00:00", "2026-11-21T10:00Z", "2026-11-31T10:00:00Z",
          "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z",
          "2026-11-21T10:00:60Z", "2026-11-21T10:00:00.Z", "2026-11-21T10:00:00Zx", "2026-11-21T10:00:00+0200",
          "2026-11-21T10:00:00+24:00", "2026-11-21T1:00:00Z", "-026-11-21T10:00:00Z", "+2026-11-21T10:00:00Z"}) {
        BOOST_TEST(!parse_rfc3339(text), text);
    }
}

BOOST_AUTO_TEST_CASE(durations_are_read_in_every_unit) {
    BOOST_TEST((parse_duration("500ms") == 500ms));
    BOOST_TEST((parse_duration("30s") == 30s));
    BOOST_TEST((parse_duration("5m") == 5min));
    BOOST_TEST((parse_duration("24h") == 24h));
    BOOST_TEST((parse_duration("7d") == duration(7 * 24h)));
    BOOST_TEST((parse_duration("0s") == 0s));
}

BOOST_AUTO_TEST_CASE(what_is_no_duration_is_refused) {
    for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", "5S", "5.5s", "5sec", " 5s", "5s ",
                             "99999999999999999999s", "9223372036854775807d", "40000d"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(!parse_duration(text).has_value()); }
    }
}

BOOST_AUTO_TEST_CASE(durations_are_written_in_the_largest_unit_that_is_exact) {
    BOOST_TEST(to_string(duration(1500ms)) == "1500ms");
    BOOST_TEST(to_string(duration(90s)) == "90s");
    BOOST_TEST(to_string(duration(24h)) == "1d");
    BOOST_TEST(to_string(duration(0)) == "0s");
}

BOOST_AUTO_TEST_CASE(request_ids_that_are_safe_in_a_path_are_valid) {
    for (const char* id : {"req_1234567890", "a", "A.b~c:d-e", "0", "_"}) {
        BOOST_TEST_CONTEXT(id) { BOOST_TEST(valid_request_id(id)); }
    }
    BOOST_TEST(valid_request_id(std::string(128, 'x')));
}

BOOST_AUTO_TEST_CASE(request_ids_that_could_leave_their_place_are_not_valid) {
    for (const char* id : {"", ".", "..", ".hidden", "-rf", "a/b", "../../etc/passwd", "a\\b", "a b", "a\nb", "a%2fb",
                           "\xc3\xa9", "a?b", "a#b", "$(x)", "a'b", "a\"b", "a*"}) {
        BOOST_TEST_CONTEXT(id) { BOOST_TEST(!valid_request_id(id)); }
    }
    BOOST_TEST(!valid_request_id(std::string_view("a\0b", 3)));
    BOOST_TEST(!valid_request_id(std::string(129, 'x')));
}

BOOST_AUTO_TEST_CASE(statuses_and_stages_are_read_as_they_are_written) {
    for (int i = 0; i < 6; ++i) {
        const auto status = static_cast<task_status>(i);
        BOOST_TEST((parse_task_status(to_string(status)) == status));
    }
    for (int i = 0; i < 5; ++i) {
        const auto stage = static_cast<task_stage>(i);
        BOOST_TEST((parse_task_stage(to_string(stage)) == stage));
    }
    BOOST_TEST(!parse_task_status("Succeeded").has_value());
    BOOST_TEST(!parse_task_stage("").has_value());
}

job one(job_kind kind, job_state state) {
    job j;
    j.key = job_key(1, kind, kind == job_kind::deliver ? "library" : "");
    j.state = state;
    return j;
}

BOOST_AUTO_TEST_CASE(a_task_stands_where_its_jobs_stand) {
    using enum job_state;
    const auto succeeded = task_status::succeeded;
    BOOST_TEST((stage_of(task_status::processing, {}) == task_stage::waiting));
    BOOST_TEST((stage_of(succeeded, {}) == task_stage::done));
    BOOST_TEST((stage_of(succeeded, {one(job_kind::fetch, pending)}) == task_stage::fetching));
    BOOST_TEST(
        (stage_of(succeeded, {one(job_kind::fetch, done), one(job_kind::deliver, blocked)}) == task_stage::delivering));
    BOOST_TEST((stage_of(succeeded, {one(job_kind::fetch, done), one(job_kind::deliver, done)}) == task_stage::done));
    BOOST_TEST((stage_of(succeeded, {one(job_kind::deliver, rejected), one(job_kind::deliver, pending)}) ==
                task_stage::stuck));
    BOOST_TEST((stage_of(task_status::expired, {}) == task_stage::done));
}

task finished(task_status status) {
    task t;
    t.id = 7;
    t.source = "main";
    t.model = "seedance-2.0";
    t.metadata = R"({"project":"p1","take":3})";
    t.status = status;
    return t;
}

BOOST_AUTO_TEST_CASE(a_route_chooses_by_status_source_model_and_metadata) {
    route all;
    all.sink = "all";
    route failures;
    failures.sink = "failures";
    failures.on = {task_status::failed, task_status::cancelled};
    route project;
    project.sink = "project";
    project.sources = {"main"};
    project.models = {"seedance-2.0"};
    project.metadata = {{"project", "p1"}, {"take", "3"}};
    route elsewhere = project;
    elsewhere.sink = "elsewhere";
    elsewhere.metadata = {{"project", "p2"}};
    const routing routes({all, failures, project, elsewhere});
    BOOST_TEST((routes.sinks_for(finished(task_status::succeeded)) == std::vector<std::string>{"all", "project"}));
    BOOST_TEST((routes.sinks_for(finished(task_status::failed)) == std::vector<std::string>{"failures"}));
    BOOST_TEST(routes.sinks_for(finished(task_status::expired)).empty());
}

BOOST_AUTO_TEST_CASE(a_succeeded_task_is_fetched_first_and_only_when_a_sink_wants_it) {
    const auto wanted = jobs_on_settle(finished(task_status::succeeded), *routes_to({"a", "b"}));
    BOOST_REQUIRE_EQUAL(wanted.size(), 1U);
    BOOST_TEST((wanted[0] == job_key(7, job_kind::fetch)));
    BOOST_TEST(jobs_on_settle(finished(task_status::succeeded), *routes_to({})).empty());
    BOOST_TEST(jobs_on_fetched(finished(task_status::succeeded), *routes_to({"a", "b"})).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_failed_task_goes_straight_to_the_sinks_that_want_failures) {
    route failures;
    failures.sink = "failures";
    failures.on = {task_status::failed};
    const auto jobs = jobs_on_settle(finished(task_status::failed), routing({failures}));
    BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
    BOOST_TEST((jobs[0] == job_key(7, job_kind::deliver, "failures")));
}

BOOST_AUTO_TEST_CASE(metadata_that_is_no_object_matches_nothing) {
    task t = finished(task_status::succeeded);
    t.metadata = "[1]";
    route r;
    r.sink = "a";
    r.metadata = {{"project", "p1"}};
    BOOST_TEST(routing({r}).sinks_for(t).empty());
}

BOOST_AUTO_TEST_CASE(errors_say_where_and_keep_their_code) {
    const error e = within("spool", errno_error("/var/x", ENOSPC));
    BOOST_TEST((e.code == errc::no_space));
    BOOST_TEST(e.message == "spool: /var/x: No space left on device");
}

} // namespace
} // namespace seedhook
