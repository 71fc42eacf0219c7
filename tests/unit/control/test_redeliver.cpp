// Asking for a delivery again.
#include "control_setup.hpp"

using namespace seedhook;
using test::check_error;
using test::control_setup;

namespace {

struct redeliver_setup : control_setup {
    http::response ask(std::string_view body, std::string_view id = "req_1") {
        return send("POST", "/v1/tasks/" + std::string(id) + "/redeliver", body);
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(all_sinks_are_asked_for_by_an_empty_body_or_object, redeliver_setup) {
    add_settled("req_1");
    for (const char* body : {"", "{}", " { } "}) {
        const auto answer = ask(body);
        BOOST_TEST(answer.status == 202u);
        BOOST_TEST(answer.content_type == "application/json");
        BOOST_TEST(answer.body == R"({"success":true,"requestId":"req_1"})");
        BOOST_TEST(!store.redelivers.back().sink.has_value());
        BOOST_TEST(store.redelivers.back().source == "main");
        BOOST_TEST((store.redelivers.back().now == time.at));
    }
    BOOST_TEST((store.all.front().of.stage == task_stage::fetching));
}

BOOST_FIXTURE_TEST_CASE(one_sink_is_asked_for_by_name, redeliver_setup) {
    add_settled("req_1");
    BOOST_TEST(ask(R"({"sink":"library"})").status == 202u);
    BOOST_TEST((store.redelivers.back().sink == "library"));
}

BOOST_FIXTURE_TEST_CASE(whether_the_video_is_at_hand_is_asked_of_the_spool, redeliver_setup) {
    task_detail& d = add_settled("req_1");
    ask("");
    BOOST_TEST(!store.redelivers.back().video_at_hand); // never fetched
    d.of.video = video_file{"v1", 1, "ab", "video/mp4"};
    ask("");
    BOOST_TEST(!store.redelivers.back().video_at_hand); // fetched, but gone
    in_spool = "v1";
    ask("");
    BOOST_TEST(store.redelivers.back().video_at_hand);
    BOOST_TEST((store.all.front().of.stage == task_stage::fetching)); // the fetches asked for before
}

BOOST_FIXTURE_TEST_CASE(a_sink_that_is_unknown_or_does_not_want_the_task_is_404, redeliver_setup) {
    add_settled("req_1");
    check_error(ask(R"({"sink":"nowhere"})"), 404, "unknown_sink");
    check_error(ask(R"({"sink":""})"), 404, "unknown_sink");
    check_error(ask(R"({"sink":"alarm"})"), 404, "unknown_sink"); // takes failed tasks only
}

BOOST_FIXTURE_TEST_CASE(a_task_that_no_sink_wants_is_409, redeliver_setup) {
    add_settled("req_1", task_status::cancelled);
    check_error(ask(""), 409, "unwanted");
}

BOOST_FIXTURE_TEST_CASE(a_task_that_is_not_settled_is_409, redeliver_setup) {
    add_task("req_1");
    check_error(ask(""), 409, "not_settled");
}

BOOST_FIXTURE_TEST_CASE(an_unknown_task_is_404, redeliver_setup) { check_error(ask(""), 404, "not_found"); }

BOOST_FIXTURE_TEST_CASE(a_request_id_of_two_sources_needs_a_source, redeliver_setup) {
    add_settled("req_1").of.source = "one";
    add_settled("req_1").of.source = "two";
    check_error(ask(""), 409, "ambiguous");
    BOOST_TEST(store.redelivers.empty());
    BOOST_TEST(send("POST", "/v1/tasks/req_1/redeliver?source=two").status == 202u);
    BOOST_TEST(store.redelivers.back().source == "two");
}

BOOST_FIXTURE_TEST_CASE(a_body_that_says_anything_else_is_400_and_nothing_is_done, redeliver_setup) {
    add_settled("req_1");
    for (const char* body : {"null", "[]", "\"library\"", "{", "junk", R"({"sink":5})", R"({"sink":null})",
                             R"({"Sink":"library"})", R"({"sink":"library","force":true})", "{}x", "\xff"}) {
        check_error(ask(body), 400, "invalid_request");
    }
    check_error(send("POST", "/v1/tasks/req_1/redeliver?source=%zz"), 400, "invalid_request");
    BOOST_TEST(store.redelivers.empty());
}

BOOST_FIXTURE_TEST_CASE(only_the_documented_methods_are_served, redeliver_setup) {
    BOOST_TEST(router.match("GET", "/v1/tasks/req_1/redeliver").allow == "POST");
    BOOST_TEST(router.match("DELETE", "/v1/tasks/req_1").found == nullptr);
    BOOST_TEST(router.match("DELETE", "/v1/tasks").allow == "GET, HEAD, POST");
    BOOST_TEST(router.match("GET", "/v1/tasks/req_1/cancel").allow == "POST");
    BOOST_TEST(router.match("GET", "/v1/submissions").allow == "POST");
    BOOST_TEST(router.match("GET", "/v1").found == nullptr);
}
