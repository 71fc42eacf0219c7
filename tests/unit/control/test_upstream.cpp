// Submitting, cancelling and models: what reaches upstream, and what comes back.
#include "control_setup.hpp"

#include <algorithm>

using namespace seedhook;
using test::check_error;
using test::control_setup;

namespace {

using lines = std::vector<std::string>;

struct upstream_setup : control_setup {
    http::response submit(std::string_view body) { return send("POST", "/v1/submissions", body); }
    http::response cancel(std::string_view id, std::string_view query = "") {
        return send("POST", "/v1/tasks/" + std::string(id) + "/cancel" + std::string(query));
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_submission_goes_on_without_its_source_and_otherwise_byte_for_byte, upstream_setup) {
    submit(R"({ "model": "m" , "source":"main", "seed":12345678901234567890123,"prompt":"\u00e9 \/ x","f":1.10 })");
    submit(R"({"source":"main","prompt":"p"})");
    submit(R"({"prompt":"p","metadata":{"source":"theirs"}})");
    BOOST_TEST(desk.calls ==
                   (lines{R"(submit main {"model": "m","seed":12345678901234567890123,"prompt":"\u00e9 \/ x","f":1.10})"
                          " by submit",
                          R"(submit main {"prompt":"p"} by submit)",
                          R"(submit main {"prompt":"p","metadata":{"source":"theirs"}} by submit)"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(upstreams_answer_is_passed_on, upstream_setup) {
    desk.answer.status = 429;
    desk.answer.content_type = "text/html";
    desk.answer.body = "<slow down>";
    desk.answer.fields = {{"Retry-After", "7"}};
    add_task("req_1");
    for (const auto& answer : {submit(R"({"prompt":"p"})"), cancel("req_1"), get("/v1/models")}) {
        BOOST_TEST(answer.status == 429u);
        BOOST_TEST(answer.content_type == "text/html");
        BOOST_TEST(answer.body == "<slow down>");
        const auto is_retry = [](const auto& f) { return f.first == "Retry-After" && f.second == "7"; };
        BOOST_TEST(std::count_if(answer.fields.begin(), answer.fields.end(), is_retry) == 1);
    }
}

BOOST_FIXTURE_TEST_CASE(a_submission_that_is_none_never_reaches_upstream, upstream_setup) {
    for (const char* body : {"", "[]", "null", "{", "{}", R"({"source":"main"})", R"({"source":5,"prompt":"p"})",
                             R"({"prompt":"p","prompt":"q"})", R"({"source":"a","source":"main","prompt":"p"})",
                             R"({"source":null,"prompt":"p"})", "{\"prompt\":\"\xff\"}", R"({"prompt":"p"} x)"}) {
        check_error(submit(body), 400, "invalid_request");
    }
    check_error(submit(R"({"source":"nobody","prompt":"p"})"), 404, "unknown_source");
    sources = {"main", "other"};
    check_error(submit(R"({"prompt":"p"})"), 400, "invalid_request");
    BOOST_TEST(desk.calls.empty());
}

BOOST_FIXTURE_TEST_CASE(cancelling_is_asked_of_upstream_and_looked_after, upstream_setup) {
    add_task("req_1");
    desk.answer.body = R"({"success":true})";
    const auto answer = cancel("req_1");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.body == R"({"success":true})");
    BOOST_TEST(desk.calls == (lines{"cancel main req_1"}), boost::test_tools::per_element());
    BOOST_TEST(store.all.front().events.empty()); // the desk's business, which notes it for the gateway too
    BOOST_REQUIRE(store.hints.size() == 1u);      // its poll is due now
    BOOST_TEST(store.hints.front().request_id == "req_1");
    BOOST_TEST((store.hints.front().now == time.at));
    BOOST_TEST((store.all.front().of.status == task_status::queued)); // callback or poll settles it
}

BOOST_FIXTURE_TEST_CASE(a_cancelling_whose_answer_is_lost_is_looked_after_too, upstream_setup) {
    add_task("req_1");
    desk.answer.status = 504;
    BOOST_TEST(cancel("req_1").status == 504u);
    BOOST_TEST(store.hints.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(what_has_ended_or_is_unknown_is_not_cancelled, upstream_setup) {
    check_error(cancel("req_1"), 404, "not_found");
    check_error(cancel("..%2f"), 404, "not_found");
    add_settled("req_1");
    check_error(cancel("req_1"), 409, "already_settled");
    add_task("req_2", "gone");
    check_error(cancel("req_2"), 404, "unknown_source"); // it is no more in the configuration
    check_error(cancel("req_1", "?source=%zz"), 400, "invalid_request");
    check_error(send("POST", "/v1/tasks/req_1/cancel", R"({"why":"x"})"), 400, "invalid_request");
    BOOST_TEST(desk.calls.empty());
    BOOST_TEST(store.hints.empty());
}

BOOST_FIXTURE_TEST_CASE(an_expired_task_can_still_be_cancelled, upstream_setup) {
    add_settled("req_1", task_status::expired);
    BOOST_TEST(cancel("req_1").status == 200u);
}

BOOST_FIXTURE_TEST_CASE(cancelling_an_id_of_two_sources_needs_a_source, upstream_setup) {
    sources = {"one", "two"};
    add_task("req_1", "one");
    add_task("req_1", "two");
    check_error(cancel("req_1"), 409, "ambiguous");
    BOOST_TEST(desk.calls.empty());
    BOOST_TEST(cancel("req_1", "?source=two").status == 200u);
    BOOST_TEST(desk.calls == (lines{"cancel two req_1"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_store_that_does_not_answer_keeps_a_cancelling_from_upstream, upstream_setup) {
    add_task("req_1");
    store.failure = error(errc::unavailable, "secret insides");
    check_error(cancel("req_1"), 503, "unavailable");
    BOOST_TEST(desk.calls.empty());
}

BOOST_FIXTURE_TEST_CASE(models_are_asked_for_by_source, upstream_setup) {
    desk.answer.body = R"({"success":true,"data":[]})";
    BOOST_TEST(get("/v1/models").body == R"({"success":true,"data":[]})");
    check_error(get("/v1/models?source=nobody"), 404, "unknown_source");
    check_error(get("/v1/models?source=%zz"), 400, "invalid_request");
    sources = {"main", "other"};
    check_error(get("/v1/models"), 400, "invalid_request");
    get("/v1/models?source=other");
    BOOST_TEST(desk.calls == (lines{"models main", "models other"}), boost::test_tools::per_element());
}
