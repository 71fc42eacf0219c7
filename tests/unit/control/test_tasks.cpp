// Lists of tasks, one task, and waiting for it.
#include "control_setup.hpp"

#include <chrono>

using namespace seedhook;
using namespace std::chrono_literals;
using test::check_error;
using test::control_setup;

namespace {

std::vector<std::string> ids_of(const boost::json::object& page) {
    std::vector<std::string> ids;
    for (const auto& t : page.at("tasks").as_array()) {
        ids.emplace_back(t.at("requestId").as_string());
    }
    return ids;
}

using names = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_CASE(a_list_without_tasks_is_empty, control_setup) {
    BOOST_TEST(get("/v1/tasks").body == R"({"tasks":[],"next":null})");
}

BOOST_FIXTURE_TEST_CASE(a_task_is_written_with_all_its_fields, control_setup) {
    task t = add_settled("req_1").of;
    t.model = "seedance-2.0";
    t.metadata = R"({"projectId":"p","n":[1]})";
    t.video_url = "https://a.example/v.mp4";
    t.failure = task_failure{"c", "say \"m\"\n"};
    t.video = video_file{"main/req_1.mp4", 5'000'000'000, "ab12", "video/mp4"};
    store.all.front().of = t;
    const auto page = get_json("/v1/tasks");
    BOOST_TEST(page.at("next").is_null());
    const auto expected = boost::json::parse(R"({"id":1,"source":"main","requestId":"req_1","status":"succeeded",
        "stage":"done","settledBy":"callback","model":"seedance-2.0","metadata":{"projectId":"p","n":[1]},
        "videoUrl":"https://a.example/v.mp4","error":{"code":"c","message":"say \"m\"\n"},
        "video":{"size":5000000000,"sha256":"ab12","contentType":"video/mp4","name":"main/req_1.mp4"},
        "createdAt":"2026-11-22T10:00:00.000Z","settledAt":"2026-11-22T10:00:00.000Z"})");
    BOOST_TEST(page.at("tasks").as_array().at(0) == expected);
}

BOOST_FIXTURE_TEST_CASE(what_a_task_does_not_have_is_null_or_empty, control_setup) {
    add_task("req_1");
    const auto page = get_json("/v1/tasks");
    const auto& t = page.at("tasks").as_array().at(0).as_object();
    BOOST_TEST(t.at("error").is_null());
    BOOST_TEST(t.at("video").is_null());
    BOOST_TEST(t.at("settledAt").is_null());
    BOOST_TEST(t.at("settledBy") == "");
    BOOST_TEST(t.at("model") == "");
    BOOST_TEST(t.at("videoUrl") == "");
    BOOST_TEST(t.at("metadata").as_object().empty());
}

BOOST_FIXTURE_TEST_CASE(lists_are_newest_first_and_page_by_cursor, control_setup) {
    for (const char* id : {"a", "b", "c", "d", "e"}) {
        add_task(id);
    }
    auto page = get_json("/v1/tasks?limit=2");
    BOOST_TEST(ids_of(page) == (names{"e", "d"}), boost::test_tools::per_element());
    page = get_json("/v1/tasks?limit=2&cursor=" + std::string(page.at("next").as_string()));
    BOOST_TEST(ids_of(page) == (names{"c", "b"}), boost::test_tools::per_element());
    page = get_json("/v1/tasks?limit=2&cursor=" + std::string(page.at("next").as_string()));
    BOOST_TEST(ids_of(page) == (names{"a"}), boost::test_tools::per_element());
    BOOST_TEST(page.at("next").is_null());
}

BOOST_FIXTURE_TEST_CASE(lists_are_filtered, control_setup) {
    add_settled("req_one");
    add_settled("req_two", task_status::failed);
    add_task("other", "second source");
    BOOST_TEST(ids_of(get_json("/v1/tasks?stage=waiting")) == (names{"other"}), boost::test_tools::per_element());
    BOOST_TEST(ids_of(get_json("/v1/tasks?status=failed")) == (names{"req_two"}), boost::test_tools::per_element());
    BOOST_TEST(ids_of(get_json("/v1/tasks?source=second%20source")) == (names{"other"}),
               boost::test_tools::per_element());
    BOOST_TEST(ids_of(get_json("/v1/tasks?q=req_")) == (names{"req_two", "req_one"}), boost::test_tools::per_element());
    BOOST_TEST(ids_of(get_json("/v1/tasks?q=req_&status=succeeded&stage=done&source=main")) == (names{"req_one"}),
               boost::test_tools::per_element());
    BOOST_TEST(ids_of(get_json("/v1/tasks?q=")).size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(bad_values_in_a_query_are_400, control_setup) {
    for (const char* query : {"stage=",
                              "stage=sleeping",
                              "stage=Done",
                              "status=gone",
                              "status=",
                              "limit=0",
                              "limit=501",
                              "limit=-1",
                              "limit=x",
                              "limit=",
                              "limit=1.5",
                              "limit=+5",
                              "limit=99999999999999999999",
                              "limit=5%20",
                              "cursor=",
                              "cursor=0",
                              "cursor=-4",
                              "cursor=abc",
                              "cursor=99999999999999999999",
                              "stage=%zz",
                              "q=%",
                              "q=%4"}) {
        check_error(get("/v1/tasks?" + std::string(query)), 400, "invalid_request");
    }
    BOOST_TEST(get("/v1/tasks?limit=1").status == 200u);
    BOOST_TEST(get("/v1/tasks?limit=500").status == 200u);
}

BOOST_FIXTURE_TEST_CASE(one_task_comes_with_deliveries_jobs_and_events, control_setup) {
    task_detail& d = add_settled("req_1");
    job& fetch = d.jobs.emplace_back();
    fetch.key = job_key(1, job_kind::fetch);
    fetch.state = job_state::done;
    fetch.attempts = 2;
    fetch.due_at = time.at;
    job& deliver = d.jobs.emplace_back();
    deliver.key = job_key(1, job_kind::deliver, "library");
    deliver.state = job_state::blocked;
    deliver.attempts = 3;
    deliver.due_at = time.at + 10min;
    deliver.updated_at = time.at;
    deliver.note = "no permission";
    event& e = d.events.emplace_back();
    e.id = 9;
    e.at = time.at;
    e.kind = "settled";
    e.detail = "succeeded by callback";
    e.body = "raw";
    const auto shown = get_json("/v1/tasks/req_1");
    BOOST_TEST(shown.at("requestId") == "req_1");
    BOOST_TEST(shown.at("deliveries") == boost::json::parse(R"([{"deliveryId":"dlv_req_1library","sink":"library",
        "state":"blocked","attempts":3,"dueAt":"2026-11-22T10:10:00.000Z","note":"no permission",
        "updatedAt":"2026-11-22T10:00:00.000Z"}])"));
    BOOST_TEST(shown.at("jobs") == boost::json::parse(R"([{"kind":"fetch","state":"done","attempts":2,
        "dueAt":"2026-11-22T10:00:00.000Z","note":""}])"));
    BOOST_TEST(shown.at("events") == boost::json::parse(R"([{"id":9,"at":"2026-11-22T10:00:00.000Z","kind":"settled",
        "detail":"succeeded by callback"}])"));
}

BOOST_FIXTURE_TEST_CASE(one_task_tells_how_much_of_its_video_has_come, control_setup) {
    add_task("req_1");
    BOOST_TEST(get_json("/v1/tasks/req_1").at("fetchedBytes").is_null());
    fetched = 5'000'000'000;
    BOOST_TEST(get_json("/v1/tasks/req_1").at("fetchedBytes") == 5'000'000'000);
}

BOOST_FIXTURE_TEST_CASE(a_job_under_a_lease_is_running_until_the_lease_ends, control_setup) {
    task_detail& d = add_task("req_1");
    job& j = d.jobs.emplace_back();
    j.owner = "node";
    j.due_at = time.at + 1s;
    BOOST_TEST(get_json("/v1/tasks/req_1").at("jobs").at(0).at("state") == "running");
    time.at += 1s;
    BOOST_TEST(get_json("/v1/tasks/req_1").at("jobs").at(0).at("state") == "pending");
}

BOOST_FIXTURE_TEST_CASE(an_unknown_task_is_404_and_so_is_what_can_be_none, control_setup) {
    check_error(get("/v1/tasks/req_1"), 404, "not_found");
    for (const char* id : {"..", "%2e%2e%2fetc", "a%2fb", "-rf", ".x", "%zz", "%", "a%00b", "a%20b", "%C3%A4"}) {
        check_error(get("/v1/tasks/" + std::string(id)), 404, "not_found");
        check_error(get("/v1/tasks/" + std::string(id) + "?wait=5m"), 404, "not_found");
        check_error(send("POST", "/v1/tasks/" + std::string(id) + "/redeliver"), 404, "not_found");
    }
    BOOST_TEST(feed.limits.empty());
}

BOOST_FIXTURE_TEST_CASE(a_request_id_in_the_path_is_percent_decoded, control_setup) {
    add_task("a:b~c");
    BOOST_TEST(get_json("/v1/tasks/a%3Ab%7ec").at("requestId") == "a:b~c");
}

BOOST_FIXTURE_TEST_CASE(a_request_id_of_two_sources_is_ambiguous_until_one_is_named, control_setup) {
    add_task("req_1", "one");
    add_task("req_1", "two");
    const auto answer = get("/v1/tasks/req_1?wait=30s");
    check_error(answer, 409, "ambiguous");
    BOOST_TEST(boost::json::parse(answer.body).at("error").at("sources") == boost::json::parse(R"(["one","two"])"));
    BOOST_TEST(get_json("/v1/tasks/req_1?source=two").at("source") == "two");
    check_error(get("/v1/tasks/req_1?source=three"), 404, "not_found");
}

BOOST_FIXTURE_TEST_CASE(without_wait_the_answer_comes_at_once, control_setup) {
    add_task("req_1");
    BOOST_TEST(get_json("/v1/tasks/req_1").at("stage") == "waiting");
    BOOST_TEST(get_json("/v1/tasks/req_1?wait=0s").at("stage") == "waiting");
    BOOST_TEST(feed.limits.empty());
}

BOOST_FIXTURE_TEST_CASE(wait_answers_as_soon_as_the_task_is_done_or_stuck, control_setup) {
    add_task("req_1");
    for (const task_stage end : {task_stage::done, task_stage::stuck}) {
        store.all.front().of.stage = task_stage::waiting;
        feed.steps.push_back([this] { store.all.front().of.stage = task_stage::fetching; });
        feed.steps.push_back([this, end] { store.all.front().of.stage = end; });
        const auto began = feed.now();
        BOOST_TEST(get_json("/v1/tasks/req_1?wait=30s").at("stage").as_string() == to_string(end));
        BOOST_TEST((feed.now() == began));
    }
    BOOST_TEST(feed.limits.size() == 4u);
    get("/v1/tasks/req_1?wait=30s"); // already at rest
    BOOST_TEST(feed.limits.size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(wait_answers_with_the_task_as_it_is_when_the_time_is_up, control_setup) {
    add_task("req_1");
    const auto began = feed.now();
    BOOST_TEST(get_json("/v1/tasks/req_1?wait=1100ms").at("stage") == "waiting");
    BOOST_TEST((feed.now() - began == 1100ms));
    BOOST_TEST((feed.limits.back() == 1100ms)); // never past the end
}

BOOST_FIXTURE_TEST_CASE(wait_waits_for_a_task_that_is_not_known_yet, control_setup) {
    feed.steps.push_back([this] { add_task("req_1"); });
    feed.steps.push_back([this] { store.all.front().of.stage = task_stage::done; });
    BOOST_TEST(get_json("/v1/tasks/req_1?wait=5m").at("stage") == "done");
    const auto began = feed.now();
    check_error(get("/v1/tasks/req_2?wait=2s"), 404, "not_found");
    BOOST_TEST((feed.now() - began == 2s));
}

BOOST_FIXTURE_TEST_CASE(a_bad_wait_is_400, control_setup) {
    add_task("req_1");
    for (const char* wait : {"", "x", "30", "-1s", "301s", "6m", "1d", "30s%", "%33%"}) {
        check_error(get("/v1/tasks/req_1?wait=" + std::string(wait)), 400, "invalid_request");
    }
    BOOST_TEST(feed.limits.empty());
}

BOOST_FIXTURE_TEST_CASE(a_store_that_does_not_answer_is_503_and_tells_nothing_of_itself, control_setup) {
    store.failure = error(errc::unavailable, "secret insides");
    for (const char* target : {"/v1/tasks", "/v1/tasks/req_1", "/v1/tasks/req_1?wait=30s"}) {
        const auto answer = get(target);
        check_error(answer, 503, "unavailable");
        BOOST_TEST(answer.body.find("insides") == std::string::npos);
    }
    check_error(send("POST", "/v1/tasks/req_1/redeliver"), 503, "unavailable");
}

BOOST_FIXTURE_TEST_CASE(metadata_that_is_no_object_does_not_break_the_answer, control_setup) {
    add_task("req_1").of.metadata = "not json";
    BOOST_TEST(get_json("/v1/tasks/req_1").at("metadata").as_object().empty());
}
