// The callback endpoint against SPEC §2: what is answered, what is stored, and in which order it is judged.
#include "memory_store.hpp"
#include "run_coroutine.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/receive/receive.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace seedhook;

namespace {

class fixed_clock final : public seedhook::clock {
public:
    time_point now() const noexcept override { return at; }
    time_point at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};
};

// Two sources over one store: `main` with two secrets, `open` that verifies nothing.
struct setup {
    setup() {
        log::configure(log::level::error, log::format::text); // hostile callbacks are what most tests send
        route library;
        library.sink = "library";
        routes = std::make_shared<const routing>(std::vector<route>{library});
        config::source main;
        main.name = "main";
        main.path = "/hooks/main";
        main.secrets = {config::secret("old"), config::secret("new")};
        config::source open;
        open.name = "open";
        open.path = "/hooks/open";
        open.verify = config::verify_kind::none;
        receive_context with{store, *counts, time, routes};
        with.body_limit = 1234;
        add_callback_endpoints(router, {main, open}, with);
    }

    http::response post(std::string_view path, std::string_view body, std::vector<http::field_view> fields) {
        const auto match = router.match("POST", path);
        BOOST_REQUIRE(match.found != nullptr);
        http::request r;
        r.method = "POST";
        r.path = path;
        r.body = body;
        r.peer = "203.0.113.9:51234";
        r.fields = std::move(fields);
        return test::run_coroutine(match.found->handle(r));
    }
    // To `main`, signed.
    http::response callback(std::string_view body, std::string_view secret = "new") {
        const std::string signature = crypto::to_hex(crypto::hmac_sha256(secret, body));
        return post("/hooks/main", body, {{"x-seedance-signature", signature}});
    }
    bool counted(std::string_view source, std::string_view result, int times = 1) const {
        const std::string line = "seedhook_callbacks_total{result=\"" + std::string(result) + "\",source=\"" +
                                 std::string(source) + "\"} " + std::to_string(times) + "\n";
        return counts->exposition().find(line) != std::string::npos;
    }

    test::memory_store store;
    std::unique_ptr<metrics> counts = make_metrics("0");
    fixed_clock time;
    std::shared_ptr<const routing> routes;
    http::router router;
};

constexpr std::string_view succeeded =
    R"({"success":true,"requestId":"req_1","status":"succeeded","output":{"type":"video","url":"https://a.example/v.mp4"},"error":null})";
constexpr std::string_view failed =
    R"({"success":true,"requestId":"req_1","status":"failed","error":{"code":"c","message":"m"}})";

void check_error(const http::response& answer, unsigned status, std::string_view code) {
    BOOST_TEST(answer.status == status);
    BOOST_TEST(answer.content_type == "application/json");
    const auto parsed = boost::json::parse(answer.body).as_object();
    BOOST_TEST(parsed.at("success") == false);
    BOOST_TEST(parsed.at("error").at("code").as_string() == code);
    BOOST_TEST(!parsed.at("error").at("message").as_string().empty());
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_new_terminal_callback_is_settled_with_its_jobs_and_its_raw_body, setup) {
    const auto answer = callback(succeeded);
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.content_type == "application/json");
    BOOST_TEST(answer.body == R"({"success":true,"requestId":"req_1","duplicate":false})");
    BOOST_REQUIRE(store.all.size() == 1u);
    const task_detail& stored = store.all.front();
    BOOST_TEST(stored.of.source == "main");
    BOOST_TEST(stored.of.request_id == "req_1");
    BOOST_TEST((stored.of.status == task_status::succeeded));
    BOOST_TEST(stored.of.settled_by == "callback");
    BOOST_TEST(stored.of.video_url == "https://a.example/v.mp4");
    BOOST_TEST((stored.of.settled_at == time.at));
    BOOST_TEST((stored.of.stage == task_stage::fetching));
    BOOST_REQUIRE(stored.events.size() == 1u);
    BOOST_TEST(stored.events.front().body == succeeded);
    BOOST_TEST(counted("main", "settled"));
    BOOST_TEST(counts->exposition().find(
                   R"(seedhook_settled_total{by="callback",source="main",status="succeeded"} 1)") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_failure_is_stored_with_what_upstream_said, setup) {
    BOOST_TEST(callback(failed).status == 200u);
    BOOST_TEST((store.all.front().of.failure == task_failure{"c", "m"}));
}

BOOST_FIXTURE_TEST_CASE(a_repeated_callback_is_a_duplicate, setup) {
    callback(succeeded);
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(callback(succeeded).body == R"({"success":true,"requestId":"req_1","duplicate":true})");
    }
    BOOST_TEST(store.all.size() == 1u);
    BOOST_TEST(counted("main", "duplicate", 3));
    BOOST_TEST(counted("main", "settled", 1));
}

BOOST_FIXTURE_TEST_CASE(a_callback_that_contradicts_the_first_is_a_duplicate_and_the_first_stays, setup) {
    callback(succeeded);
    const auto answer = callback(failed);
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.body == R"({"success":true,"requestId":"req_1","duplicate":true})");
    BOOST_TEST((store.all.front().of.status == task_status::succeeded));
    BOOST_TEST(store.all.front().events.back().kind == "conflict");
    BOOST_TEST(counted("main", "conflict"));
}

BOOST_FIXTURE_TEST_CASE(a_status_that_is_not_terminal_is_tracked_and_said_to_be_ignored, setup) {
    const auto answer = callback(R"({"requestId":"req_2","status":"processing"})");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.body == R"({"success":true,"requestId":"req_2","duplicate":false,"ignored":true})");
    BOOST_TEST((store.all.front().of.status == task_status::processing));
    BOOST_TEST(!store.all.front().of.settled_at.has_value());
    BOOST_TEST(counted("main", "ignored"));
}

BOOST_FIXTURE_TEST_CASE(an_unknown_status_is_tracked_as_processing_and_can_still_be_settled, setup) {
    for (const std::string status : {"exploded", "expired", ""}) {
        const auto answer = callback(R"({"requestId":"req_1","status":")" + status + "\"}");
        BOOST_TEST(answer.body == R"({"success":true,"requestId":"req_1","duplicate":false,"ignored":true})");
        BOOST_TEST((store.all.front().of.status == task_status::processing));
    }
    BOOST_TEST(callback(succeeded).body == R"({"success":true,"requestId":"req_1","duplicate":false})");
}

BOOST_FIXTURE_TEST_CASE(every_secret_is_accepted, setup) {
    BOOST_TEST(callback(succeeded, "old").status == 200u);
    BOOST_TEST(callback(succeeded, "new").status == 200u);
}

BOOST_FIXTURE_TEST_CASE(a_bad_signature_is_401_and_nothing_is_stored_or_parsed, setup) {
    const std::string good = crypto::to_hex(crypto::hmac_sha256("new", succeeded));
    check_error(callback(succeeded, "wrong"), 401, "unauthorized");
    check_error(post("/hooks/main", succeeded, {}), 401, "unauthorized");
    check_error(post("/hooks/main", succeeded, {{"x-seedance-signature", ""}}), 401, "unauthorized");
    check_error(post("/hooks/main", succeeded, {{"x-seedance-signature", good.substr(1)}}), 401, "unauthorized");
    check_error(post("/hooks/main", succeeded, {{"x-seedance-signature", good}, {"X-Seedance-Signature", good}}), 401,
                "unauthorized");
    check_error(post("/hooks/main", std::string(succeeded) + "\n", {{"x-seedance-signature", good}}), 401,
                "unauthorized");
    check_error(callback("not json at all", "wrong"), 401, "unauthorized"); // the signature comes first
    check_error(callback("", "wrong"), 401, "unauthorized");
    BOOST_TEST(store.all.empty());
    BOOST_TEST(counted("main", "unauthorized", 8));
}

BOOST_FIXTURE_TEST_CASE(a_signed_body_that_is_no_callback_is_400_and_nothing_is_stored, setup) {
    for (const std::string_view body :
         {"", "null", "[]", "{}", "{", "not json", R"({"requestId":"r"})", R"({"status":"failed"})",
          R"({"requestId":7,"status":"failed"})", R"({"requestId":"r","status":7})",
          R"({"requestId":"../../etc/passwd","status":"failed"})",
          R"({"requestId":"r","requestId":"r","status":"failed"})",
          "{\"requestId\":\"r\",\"status\":\"failed\",\"x\":\"\xff\"}"}) {
        check_error(callback(body), 400, "invalid_request");
    }
    BOOST_TEST(store.all.empty());
    BOOST_TEST(counted("main", "invalid", 13));
}

BOOST_FIXTURE_TEST_CASE(what_a_refused_body_held_is_not_repeated_in_the_answer, setup) {
    const auto answer = callback(R"({"requestId":"<script>","status":"failed"})");
    BOOST_TEST(answer.body.find("script") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_store_that_cannot_commit_is_503_with_retry_after_and_tells_nothing_of_itself, setup) {
    for (const errc why : {errc::unavailable, errc::no_space, errc::io, errc::cancelled}) {
        store.failure = error(why, "/var/lib/seedhook/seedhook.db: it broke");
        const auto answer = callback(succeeded);
        check_error(answer, 503, "unavailable");
        BOOST_REQUIRE(answer.fields.size() == 1u);
        BOOST_TEST(answer.fields.front().first == "Retry-After");
        BOOST_TEST(answer.fields.front().second == "1");
        BOOST_TEST(answer.body.find("seedhook.db") == std::string::npos);
    }
    BOOST_TEST(counted("main", "unavailable", 4));
    store.failure.reset();
    BOOST_TEST(callback(succeeded).body == R"({"success":true,"requestId":"req_1","duplicate":false})");
}

BOOST_FIXTURE_TEST_CASE(a_source_that_verifies_nothing_takes_unsigned_callbacks, setup) {
    BOOST_TEST(post("/hooks/open", succeeded, {}).status == 200u);
    BOOST_TEST(post("/hooks/open", failed, {{"x-seedance-signature", "junk"}}).status == 200u);
    check_error(post("/hooks/open", "junk", {}), 400, "invalid_request");
    BOOST_TEST(store.all.front().of.source == "open");
}

BOOST_FIXTURE_TEST_CASE(two_sources_may_have_the_same_request_id, setup) {
    BOOST_TEST(callback(succeeded).body.find("\"duplicate\":false") != std::string::npos);
    BOOST_TEST(post("/hooks/open", succeeded, {}).body.find("\"duplicate\":false") != std::string::npos);
    BOOST_TEST(store.all.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(only_post_is_served_with_the_configured_body_limit, setup) {
    BOOST_TEST(router.match("POST", "/hooks/main").found->body_limit == 1234u);
    const auto match = router.match("GET", "/hooks/main");
    BOOST_TEST(match.found == nullptr);
    BOOST_TEST(match.allow == "POST");
    BOOST_TEST(router.match("POST", "/hooks/other").found == nullptr);
}
