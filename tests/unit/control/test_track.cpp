// Tracking tasks that were submitted elsewhere.
#include "control_setup.hpp"

#include "control/document.hpp"

using namespace seedhook;
using namespace std::chrono_literals;
using test::check_error;
using test::control_setup;

namespace {

struct track_setup : control_setup {
    http::response ask(std::string_view body) { return send("POST", "/v1/tasks", body); }

    // `{"requestIds":["req_0",…]}`
    static std::string many(std::size_t count, const std::string& last = "req_last") {
        std::string ids;
        for (std::size_t i = 0; i + 1 < count; ++i) {
            ids += "\"req_" + std::to_string(i) + "\",";
        }
        return R"({"requestIds":[)" + ids + "\"" + last + "\"]}";
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(one_task_is_tracked_and_told_of, track_setup) {
    const auto answer = ask(R"({"source":"main","requestId":"req_1","model":"seedance-2.0","metadata":{"p":"x"}})");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.body ==
               R"({"success":true,"source":"main","tracked":1,"known":0,"requestId":"req_1","result":"tracked"})");
    BOOST_REQUIRE(store.tracks.size() == 1u);
    const track_command& asked = store.tracks.front();
    BOOST_TEST(asked.source == "main");
    BOOST_TEST(asked.by == "track");
    BOOST_TEST(!asked.submitted_at.has_value()); // settle times are not learnt from it
    BOOST_TEST((asked.now == time.at));
    BOOST_TEST((asked.ask_at == time.at + 412s)); // of its source and model
    BOOST_TEST((asked.routes == routes));
    BOOST_TEST(asked.tasks.front().model == "seedance-2.0");
    BOOST_TEST(asked.tasks.front().metadata == R"({"p":"x"})");
    BOOST_TEST(ask(R"({"requestId":"req_1"})").body ==
               R"({"success":true,"source":"main","tracked":0,"known":1,"requestId":"req_1","result":"known"})");
}

BOOST_FIXTURE_TEST_CASE(thousands_are_tracked_in_slices, track_setup) {
    add_task("req_7");
    BOOST_TEST(ask(many(50'000)).body == R"({"success":true,"source":"main","tracked":49999,"known":1})");
    BOOST_TEST(store.tracks.size() == 100u);
    for (const track_command& slice : store.tracks) {
        BOOST_TEST(slice.tasks.size() == 500u);
    }
    BOOST_TEST(store.all.size() == 50'000u);
    BOOST_TEST(many(50'000, std::string(128, 'x')).size() < router.match("POST", "/v1/tasks").found->body_limit);
    check_error(ask(many(50'001)), 400, "invalid_request");
}

BOOST_FIXTURE_TEST_CASE(one_bad_id_among_many_is_named_and_nothing_is_tracked, track_setup) {
    const auto answer = ask(many(2000, "../etc"));
    check_error(answer, 400, "invalid_request");
    BOOST_TEST(answer.body.find("requestIds[1999]") != std::string::npos);
    BOOST_TEST(store.tracks.empty());
}

BOOST_FIXTURE_TEST_CASE(metadata_is_kept_byte_for_byte, track_setup) {
    const std::string metadata = R"({ "n":12345678901234567890123, "f": 1.10, "t":"}\"{\\" , "l":[{"a":1},[]] })";
    ask(R"({"metadata":)" + metadata + R"(,"requestId":"req_1"})");
    BOOST_TEST(store.all.front().of.metadata == metadata);
}

BOOST_FIXTURE_TEST_CASE(a_body_that_is_not_as_it_should_be_is_400_and_nothing_is_tracked, track_setup) {
    for (const std::string body : {"",
                                   "null",
                                   "[]",
                                   "{",
                                   "{}",
                                   "{}x",
                                   "\"req_1\"",
                                   "\xff",
                                   R"({"requestId":"req_1","requestIds":["req_2"]})",
                                   R"({"requestId":5})",
                                   R"({"requestId":""})",
                                   R"({"requestId":"-rf"})",
                                   R"({"requestId":"a b"})",
                                   R"({"requestId":"a\nb"})",
                                   R"({"requestId":null})",
                                   R"({"requestIds":[]})",
                                   R"({"requestIds":"req_1"})",
                                   R"({"requestIds":["req_1",2]})",
                                   R"({"requestIds":["req_1",".x"]})",
                                   R"({"requestId":"req_1","model":5})",
                                   R"({"requestId":"req_1","metadata":[]})",
                                   R"({"requestId":"req_1","metadata":null})",
                                   R"({"requestId":"req_1","metadata":"{}"})",
                                   R"({"requestId":"req_1","source":7})",
                                   R"({"requestId":"req_1","Model":"x"})",
                                   R"({"requestId":"req_1","requestId":"req_2"})",
                                   R"({"requestId":"req_1","request\u0049d":"req_2"})"}) {
        check_error(ask(body), 400, "invalid_request");
    }
    check_error(ask(R"({"requestId":"req_1","model":")" + std::string(129, 'm') + "\"}"), 400, "invalid_request");
    check_error(ask(R"({"requestId":"req_1","metadata":{"k":")" + std::string(16 * 1024, 'm') + "\"}}"), 400,
                "invalid_request");
    BOOST_TEST(store.tracks.empty());
}

BOOST_FIXTURE_TEST_CASE(the_source_may_be_left_out_when_there_is_only_one, track_setup) {
    BOOST_TEST(ask(R"({"requestId":"req_1"})").status == 200u);
    check_error(ask(R"({"source":"other","requestId":"req_1"})"), 404, "unknown_source");
    check_error(ask(R"({"source":"","requestId":"req_1"})"), 404, "unknown_source");
    sources = {"main", "other"};
    const auto answer = ask(R"({"requestId":"req_1"})");
    check_error(answer, 400, "invalid_request");
    BOOST_TEST(answer.body.find("main, other") != std::string::npos);
    BOOST_TEST(ask(R"({"source":"other","requestId":"req_1"})").status == 200u);
    BOOST_TEST(store.tracks.back().source == "other");
}

BOOST_FIXTURE_TEST_CASE(a_store_that_fails_half_way_is_told_with_how_far_it_came, track_setup) {
    const std::string body = many(1200);
    unsigned commits = 0;
    store.before_track = [&] { // the third slice fails
        if (++commits == 3) {
            store.failure = error(errc::unavailable, "secret insides");
        }
    };
    const auto answer = ask(body);
    check_error(answer, 503, "unavailable");
    BOOST_TEST(answer.body.find("the first 1000 of 1200 are tracked") != std::string::npos);
    BOOST_TEST(answer.body.find("insides") == std::string::npos);
    BOOST_TEST(store.all.size() == 1000u);
    store.failure.reset();
    BOOST_TEST(ask(body).body == R"({"success":true,"source":"main","tracked":200,"known":1000})");
}

BOOST_AUTO_TEST_CASE(members_of_a_document_are_found_as_they_stand) {
    const std::string text = " {\t\"a\" : 1 ,\n\"b\\u0063\":\"x,}\\\\\" , \"d\":{\"a\":[\"]}\",{}]} ,\"e\":null}\r\n";
    const auto doc = control::read_document(text);
    BOOST_REQUIRE(doc.has_value());
    BOOST_REQUIRE(doc->members.size() == 4u);
    BOOST_TEST(doc->members[0].whole == "\"a\" : 1");
    BOOST_TEST(doc->members[0].value == "1");
    BOOST_TEST(doc->members[1].key == "bc");
    BOOST_TEST(doc->members[1].value == "\"x,}\\\\\"");
    BOOST_TEST(doc->members[2].value == "{\"a\":[\"]}\",{}]}");
    BOOST_TEST(doc->members[3].whole == "\"e\":null");
    BOOST_TEST(control::read_document("{ }")->members.empty());
}
