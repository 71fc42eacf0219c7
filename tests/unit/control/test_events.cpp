// The event stream's bytes.
#include "control_setup.hpp"

using namespace seedhook;
using namespace seedhook::test;
using namespace std::chrono_literals;

namespace {

struct events_setup : control_setup {
    void add_event(std::string kind, std::string request_id, std::string source = "main") {
        task_detail& of = add_task(std::move(request_id), std::move(source));
        event e;
        e.id = ++last_id;
        e.task = of.of.id;
        e.at = time.at;
        e.kind = std::move(kind);
        e.detail = "a\nb";
        e.body = "not told";
        of.events.push_back(std::move(e));
    }

    // What the stream says until its feed is closed.
    std::string told(std::string_view target, std::string_view last_seen = {}) {
        http::request r;
        r.method = "GET";
        r.path = target.substr(0, target.find('?'));
        r.query = r.path.size() < target.size() ? target.substr(r.path.size() + 1) : std::string_view();
        if (!last_seen.empty()) {
            r.fields.push_back({"Last-Event-ID", last_seen});
        }
        http::response answer = run_coroutine(router.match("GET", r.path).found->handle(r));
        BOOST_REQUIRE_EQUAL(answer.status, 200U);
        BOOST_TEST(answer.content_type == "text/event-stream");
        std::string text;
        char piece[7]; // smaller than any event
        for (;;) {
            const auto size = run_coroutine(answer.stream->read(piece));
            BOOST_REQUIRE(size.has_value());
            if (*size == 0) {
                return text;
            }
            text.append(piece, *size);
        }
    }
    void end_at_the_next_wait() {
        feed.steps.push_back([this] { feed.ended = true; });
    }

    event_id last_id = 0;
};

std::string data(std::string_view id, std::string_view kind, std::string_view request_id) {
    return "id: " + std::string(id) + "\ndata: {\"id\":" + std::string(id) +
           R"(,"at":"2026-11-22T10:00:00.000Z","kind":")" + std::string(kind) +
           R"(","detail":"a\nb","source":"main","requestId":")" + std::string(request_id) + "\"}\n\n";
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_new_listener_hears_what_comes_from_now_on, events_setup) {
    add_event("settled", "old");
    feed.steps.push_back([this] { add_event("settled", "new"); });
    end_at_the_next_wait();
    BOOST_TEST(told("/v1/events") == "retry: 2000\nid: 1\n\n" + data("2", "settled", "new"));
}

BOOST_FIXTURE_TEST_CASE(one_that_comes_back_hears_all_that_it_missed, events_setup) {
    for (const char* id : {"a", "b", "c"}) {
        add_event("settled", id);
    }
    end_at_the_next_wait();
    const std::string rest = data("2", "settled", "b") + data("3", "settled", "c");
    BOOST_TEST(told("/v1/events", "1") == "retry: 2000\nid: 1\n\n" + rest);
    BOOST_TEST(told("/v1/events?after=1") == "retry: 2000\nid: 1\n\n"); // the feed is closed
    feed.ended = false;
    end_at_the_next_wait();
    BOOST_TEST(told("/v1/events?after=0", "1") == "retry: 2000\nid: 1\n\n" + rest); // a browser's URL stays
    feed.ended = false;
    end_at_the_next_wait();
    BOOST_TEST(told("/v1/events?after=999") == "retry: 2000\nid: 3\n\n"); // of another store
}

BOOST_FIXTURE_TEST_CASE(a_filtered_listener_moves_on_past_what_it_does_not_hear, events_setup) {
    add_event("settled", "a");
    add_event("settled", "b");
    add_event("settled", "c", "second");
    feed.steps.push_back([this] { --feed.commits; }); // nothing was committed
    end_at_the_next_wait();
    const std::string text = told("/v1/events?after=0&source=main&requestId=a");
    BOOST_TEST(text == "retry: 2000\nid: 0\n\n" + data("1", "settled", "a") + ":\nid: 3\n\n");
}

BOOST_FIXTURE_TEST_CASE(more_events_than_one_look_takes_all_come_in_order, events_setup) {
    for (int i = 0; i < 250; ++i) {
        add_event("settled", "req_" + std::to_string(i));
    }
    end_at_the_next_wait();
    const std::string text = told("/v1/events?after=0");
    std::size_t at = 0;
    for (int i = 1; i <= 250; ++i) {
        at = text.find("id: " + std::to_string(i) + "\ndata", at);
        BOOST_REQUIRE(at != std::string::npos);
    }
}

BOOST_FIXTURE_TEST_CASE(what_makes_no_sense_is_400, events_setup) {
    for (const char* target : {"/v1/events?after=x", "/v1/events?after=-1", "/v1/events?since=1",
                               "/v1/events?after=1&after=2", "/v1/events?after=99999999999999999999"}) {
        check_error(get(target), 400, "invalid_request");
    }
}

BOOST_FIXTURE_TEST_CASE(there_are_so_many_listeners_and_no_more, events_setup) {
    std::vector<http::response> open;
    for (int i = 0; i < 64; ++i) {
        open.push_back(get("/v1/events"));
        BOOST_REQUIRE_EQUAL(open.back().status, 200U);
    }
    check_error(get("/v1/events"), 503, "unavailable");
    open.pop_back();
    BOOST_TEST(get("/v1/events").status == 200U);
}
