// What every engine of the store promises of pruning: what is old goes, its id is remembered, and nothing else goes.
#include "engines.hpp"

namespace seedhook {
namespace {

using namespace test;

using reply_kind = settle_reply::kind;

template <class Engine>
struct retention_bench : bench<Engine> {
    // Settles and ends a task that no sink wants.
    void done(const std::string& id, time_point when) {
        this->settled(settle(id, task_status::failed, when, this->routes));
    }
    prune_reply prune(std::optional<time_point> before, task_id after = 0, std::uint32_t limit = 50) {
        prune_command c;
        c.after = after;
        c.limit = limit;
        c.settled_before = before;
        c.now = at(10'000'000);
        return this->template run<prune_reply>(c);
    }
    forget_reply forget(time_point before, std::string after = {}, std::uint32_t limit = 1000) {
        forget_command c;
        c.after = std::move(after);
        c.limit = limit;
        c.settled_before = before;
        return this->template run<forget_reply>(std::move(c));
    }
    bool there(const std::string& id) { return !this->reader->find("main", id).value().empty(); }
};

BOOST_AUTO_TEST_CASE_TEMPLATE(pruning_takes_what_is_done_and_old_and_leaves_the_rest, engine, engines) {
    retention_bench<engine> b;
    b.done("old", at(1));
    b.done("young", at(1000));
    b.settled(settle("fetching", task_status::succeeded, at(1), b.routes));
    b.settled(settle("waiting", task_status::processing, at(1), b.routes));
    b.done("newest", at(1));
    BOOST_TEST(b.prune(at(500)).pruned == 1U);
    BOOST_TEST(!b.there("old"));
    for (const char* id : {"young", "fetching", "waiting", "newest"}) {
        BOOST_TEST(b.there(id));
    }
    BOOST_TEST(b.reader->counts(at(2000)).value().tasks[task_stage::done] == 2U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_pruned_task_settles_never_again, engine, engines) {
    retention_bench<engine> b;
    b.done("old", at(1));
    b.done("newest", at(2));
    b.prune(at(500));
    b.restart();
    const auto again = b.settled(settle("old", task_status::succeeded, at(600), b.routes));
    BOOST_TEST((again.what == reply_kind::duplicate));
    BOOST_TEST(again.task == 0);
    BOOST_TEST(!b.there("old"));
    track_command t;
    t.source = "main";
    t.tasks.emplace_back().request_id = "old";
    t.now = at(601);
    t.routes = b.routes;
    BOOST_TEST((b.template run<track_reply>(t).fresh == std::vector<bool>{false}));
    hint_command h;
    h.source = "main";
    h.request_id = "old";
    h.most_unknown = 10;
    BOOST_TEST((b.template run<hint_reply>(h).what == hint_reply::kind::duplicate));
    auto other_source = settle("old", task_status::failed, at(602), b.routes);
    other_source.source = "second";
    BOOST_TEST((b.settled(std::move(other_source)).what == reply_kind::settled));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_expired_task_that_was_pruned_can_still_be_settled, engine, engines) {
    retention_bench<engine> b;
    b.settled(settle("expired", task_status::processing, at(1), b.routes));
    auto gave_up = settle("expired", task_status::expired, at(2), b.routes);
    gave_up.by = "poll";
    b.settled(std::move(gave_up));
    b.done("newest", at(2));
    BOOST_TEST(b.prune(at(500)).pruned == 1U);
    BOOST_TEST((b.settled(settle("expired", task_status::succeeded, at(600), b.routes)).what == reply_kind::settled));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(pruning_goes_on_where_its_last_slice_ended, engine, engines) {
    retention_bench<engine> b;
    for (int i = 0; i < 10; ++i) {
        b.done("req_" + std::to_string(i), at(1));
    }
    std::uint32_t pruned = 0;
    int slices = 0;
    for (std::optional<task_id> next = 0; next; ++slices) {
        const prune_reply reply = b.prune(at(500), *next, 4);
        pruned += reply.pruned;
        next = reply.next;
    }
    BOOST_TEST(pruned == 9U); // the newest stays
    BOOST_TEST(slices == 3);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_of_tasks_and_events_never_come_again, engine, engines) {
    retention_bench<engine> b;
    b.done("first", at(1));
    b.done("second", at(1));
    const auto before = b.reader->events_after(0, 100).value().back().what.id;
    b.prune(at(500));
    b.restart();
    const auto third = b.settled(settle("third", task_status::failed, at(600), b.routes));
    BOOST_TEST(third.task == 3);
    BOOST_TEST(b.reader->events_after(before, 100).value().size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_only_a_hint_spoke_of_is_removed_without_a_trace, engine, engines) {
    for (const std::optional<time_point> before : {std::optional(at(0)), std::optional<time_point>()}) {
        retention_bench<engine> b;
        hint_command h;
        h.source = "main";
        h.request_id = "made_up";
        h.most_unknown = 10;
        h.now = at(1);
        b.template run<hint_reply>(h);
        auto unknown = settle("made_up", task_status::expired, at(2), b.routes);
        unknown.by = "poll";
        b.settled(std::move(unknown));
        b.done("old", at(2));
        b.done("newest", at(2));
        BOOST_TEST(b.prune(before).pruned == 1U);
        BOOST_TEST(b.there("old"));
        BOOST_TEST((b.settled(settle("made_up", task_status::failed, at(3), b.routes)).what == reply_kind::settled));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(remembered_ids_are_forgotten_by_the_day_in_slices, engine, engines) {
    retention_bench<engine> b;
    constexpr std::int64_t day = 86'400;
    for (int i = 0; i < 10; ++i) {
        b.done("old_" + std::to_string(i), at(day));
        b.done("young_" + std::to_string(i), at(5 * day));
    }
    b.done("newest", at(5 * day));
    b.prune(at(6 * day));
    std::uint64_t forgotten = 0;
    std::string after;
    do {
        const forget_reply reply = b.forget(at(3 * day), after, 3);
        forgotten += reply.forgotten;
        after = reply.next;
    } while (!after.empty());
    BOOST_TEST(forgotten == 10U);
    BOOST_TEST((b.settled(settle("old_1", task_status::failed, at(7 * day), b.routes)).what == reply_kind::settled));
    BOOST_TEST(
        (b.settled(settle("young_1", task_status::failed, at(7 * day), b.routes)).what == reply_kind::duplicate));
}

} // namespace
} // namespace seedhook
