// The summary, and queries that are read strictly.
#include "control_setup.hpp"

using namespace seedhook;
using namespace seedhook::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_CASE(the_summary_tells_of_each_sink_what_waits_and_what_came_of_it, control_setup) {
    sink_news library;
    library.name = "library";
    library.type = "directory";
    library.delivered = 7;
    library.last_delivered = sink_news::last{time.at, "main", "req_1", "/videos/req_1.mp4"};
    news = {library};
    store_counts held;
    held.tasks[task_stage::stuck] = 2;
    job_count lane;
    lane.kind = job_kind::deliver;
    lane.sink = "library";
    lane.blocked = 3;
    lane.blocked_note = "disk full";
    lane.due = 1;
    lane.oldest_due = time.at - 90s;
    job_count gone = lane;
    gone.sink = "gone";
    held.jobs = {lane, gone};
    store.fixed_counts = held;
    state.ready = true;
    state.degraded = {"sink library: disk full"};
    rates.span = 10s;
    rates.settled = {1, 2};
    const auto all = get_json("/v1/summary");
    BOOST_TEST(all.at("version") == "0.0.0");
    BOOST_TEST(all.at("ready") == true);
    BOOST_TEST(all.at("degraded").at(0) == "sink library: disk full");
    BOOST_TEST(all.at("tasks").at("stuck") == 2);
    const auto& sink = all.at("sinks").at(0).as_object();
    BOOST_TEST(sink.at("type") == "directory");
    BOOST_TEST(sink.at("blocked") == 3);
    BOOST_TEST(sink.at("blockedBecause") == "disk full");
    BOOST_TEST(sink.at("oldestDueSeconds") == 90);
    BOOST_TEST(sink.at("delivered") == 7);
    BOOST_TEST(sink.at("lastDelivered").at("requestId") == "req_1");
    BOOST_TEST(sink.at("lastFailed").is_null());
    BOOST_TEST(all.at("sinks").at(1).at("name") == "gone"); // deliveries wait for it
    BOOST_TEST(all.at("rates").at("spanSeconds") == 10);
    BOOST_TEST(all.at("rates").at("settled") == boost::json::parse("[1,2]"));
}

BOOST_FIXTURE_TEST_CASE(a_query_holds_what_is_known_once_and_nothing_else, control_setup) {
    add_settled("req_1");
    for (const char* target :
         {"/v1/tasks?stages=done", "/v1/tasks?stage=done&stage=stuck", "/v1/tasks?", "/v1/tasks?stage", "/v1/tasks?&",
          "/v1/tasks/req_1?full=1", "/v1/summary?x", "/v1/tasks?limit=0", "/v1/tasks?cursor=x", "/v1/models?key=1"}) {
        if (std::string_view(target) != "/v1/tasks?") {
            check_error(get(target), 400, "invalid_request");
        }
    }
    check_error(send("POST", "/v1/tasks/req_1/redeliver?sink=library"), 400, "invalid_request");
    BOOST_TEST(get("/v1/tasks?stage=done&limit=5").status == 200U);
}

BOOST_FIXTURE_TEST_CASE(answers_stay_with_whom_they_are_for, control_setup) {
    const auto answer = get("/");
    BOOST_TEST(answer.content_type == "text/html; charset=utf-8");
    const auto has = [&](std::string_view name, std::string_view part) {
        for (const auto& [key, value] : answer.fields) {
            if (key == name && value.find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    };
    BOOST_TEST(has("Content-Security-Policy", "default-src 'none'"));
    BOOST_TEST(has("X-Content-Type-Options", "nosniff"));
    BOOST_TEST(has("Cross-Origin-Resource-Policy", "same-origin"));
    BOOST_TEST(has("Cache-Control", "no-store"));
}
