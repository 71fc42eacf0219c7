// What every engine of the store promises of tasks, their history and what can be read.
#include "engines.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace seedhook {
namespace {

using namespace test;

using reply_kind = settle_reply::kind;
using strings = std::vector<std::string>;

BOOST_AUTO_TEST_CASE_TEMPLATE(the_first_terminal_status_settles_and_the_second_is_a_duplicate, engine, engines) {
    bench<engine> b;
    const auto first = b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    const auto second = b.settled(settle("req_1", task_status::succeeded, at(2), b.routes));
    BOOST_TEST((first.what == reply_kind::settled));
    BOOST_TEST((second.what == reply_kind::duplicate));
    BOOST_TEST(first.task == second.task);
    const task_detail d = b.detail("req_1");
    BOOST_TEST((d.of.stage == task_stage::fetching));
    BOOST_TEST((d.of.settled_at == at(1)));
    BOOST_TEST(d.of.settled_by == "callback");
    BOOST_REQUIRE_EQUAL(d.jobs.size(), 1U);
    BOOST_TEST((d.jobs[0].key.kind == job_kind::fetch));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"settled"}));
    BOOST_TEST(d.events[0].body == "{\"requestId\":\"req_1\"}");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(two_settles_of_one_task_in_one_transaction_settle_it_once, engine, engines) {
    bench<engine> b;
    const command both[]{command(settle("req_1", task_status::succeeded, at(1), b.routes)),
                         command(settle("req_1", task_status::succeeded, at(1), b.routes))};
    const auto replies = b.db->apply(both).value();
    BOOST_TEST((std::get<settle_reply>(replies[0]).what == reply_kind::settled));
    BOOST_TEST((std::get<settle_reply>(replies[1]).what == reply_kind::duplicate));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(sources_that_share_an_id_do_not_share_a_task, engine, engines) {
    bench<engine> b;
    auto other = settle("req_1", task_status::succeeded, at(1), b.routes);
    other.source = "second";
    BOOST_TEST((b.settled(settle("req_1", task_status::succeeded, at(1), b.routes)).what == reply_kind::settled));
    BOOST_TEST((b.settled(std::move(other)).what == reply_kind::settled));
    BOOST_TEST(b.reader->find("", "req_1").value().size() == 2U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_conflicting_status_leaves_the_first_and_is_told_once, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    const auto reply = b.settled(settle("req_1", task_status::failed, at(2), b.routes));
    b.settled(settle("req_1", task_status::failed, at(3), b.routes));
    BOOST_TEST((reply.what == reply_kind::conflict));
    BOOST_TEST((b.detail("req_1").of.status == task_status::succeeded));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"settled", "conflict"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(another_url_for_a_settled_task_is_a_conflict_and_the_first_stays, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes, "https://a.example/1"));
    const auto reply = b.settled(settle("req_1", task_status::succeeded, at(2), b.routes, "https://a.example/2"));
    BOOST_TEST((reply.what == reply_kind::conflict));
    BOOST_TEST(b.detail("req_1").of.video_url == "https://a.example/1");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_url_that_was_missing_is_taken_from_a_later_word, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes, ""));
    auto jobs = b.claimed(claim(job_kind::fetch, "", 1, at(2)));
    b.finished(finish(jobs.at(0).work, job_state::rejected, at(3), b.routes));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::stuck));
    const auto reply = b.settled(settle("req_1", task_status::succeeded, at(4), b.routes, "https://a.example/1"));
    BOOST_TEST((reply.what == reply_kind::duplicate));
    const task_detail d = b.detail("req_1");
    BOOST_TEST(d.of.video_url == "https://a.example/1");
    BOOST_TEST((d.of.stage == task_stage::fetching));
    BOOST_TEST(b.claimed(claim(job_kind::fetch, "", 1, at(5))).size() == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_status_that_is_not_terminal_tracks_and_a_later_one_settles, engine, engines) {
    bench<engine> b;
    BOOST_TEST((b.settled(settle("req_1", task_status::processing, at(1), b.routes)).what == reply_kind::tracked));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::waiting));
    BOOST_TEST((b.settled(settle("req_1", task_status::succeeded, at(2), b.routes)).what == reply_kind::settled));
    BOOST_TEST((b.settled(settle("req_1", task_status::processing, at(3), b.routes)).what == reply_kind::tracked));
    BOOST_TEST((b.detail("req_1").of.status == task_status::succeeded));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"tracked", "settled"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failed_task_that_no_sink_wants_is_done_with_its_failure_kept, engine, engines) {
    bench<engine> b;
    auto c = settle("req_1", task_status::failed, at(1), b.routes);
    c.failure = task_failure{"content_policy", "refused: 'quotes' and \"more\""};
    b.settled(std::move(c));
    const task_detail d = b.detail("req_1");
    BOOST_TEST((d.of.stage == task_stage::done));
    BOOST_TEST(d.jobs.empty());
    BOOST_REQUIRE(d.of.failure.has_value());
    BOOST_TEST(d.of.failure->code == "content_policy");
    BOOST_TEST(d.of.failure->message == "refused: 'quotes' and \"more\"");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_fetched_video_makes_one_delivery_a_sink_and_the_last_one_ends_the_task, engine,
                              engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.fetch(at(2));
    BOOST_TEST((b.detail("req_1").of.stage == task_stage::delivering));
    BOOST_TEST((b.detail("req_1").of.video == some_video()));
    auto first = b.claimed(claim(job_kind::deliver, "library", 5, at(3)));
    auto second = b.claimed(claim(job_kind::deliver, "archive", 5, at(3)));
    BOOST_REQUIRE_EQUAL(first.size(), 1U);
    BOOST_REQUIRE_EQUAL(second.size(), 1U);
    BOOST_TEST((first[0].of.video == some_video()));
    BOOST_TEST((b.finished(finish(first[0].work, job_state::done, at(4), b.routes, "/srv/v.mp4")).stage ==
                task_stage::delivering));
    BOOST_TEST((b.finished(finish(second[0].work, job_state::done, at(5), b.routes)).stage == task_stage::done));
    BOOST_TEST((b.kinds_of_events("req_1") == strings{"settled", "fetched", "delivered", "delivered"}));
    const store_counts counts = b.reader->counts(at(6)).value();
    BOOST_TEST(counts.tasks.at(task_stage::done) == 1U);
    BOOST_TEST(counts.tasks.at(task_stage::delivering) == 0U);
    BOOST_TEST(counts.jobs.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_committed_is_there_after_a_restart, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.restart();
    BOOST_TEST((b.settled(settle("req_1", task_status::succeeded, at(2), b.routes)).what == reply_kind::duplicate));
    BOOST_TEST(b.reader->counts(at(3)).value().tasks.at(task_stage::fetching) == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reopened_database_goes_on_where_it_was, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    BOOST_REQUIRE(b.db->reopen().has_value());
    BOOST_TEST((b.settled(settle("req_1", task_status::succeeded, at(2), b.routes)).what == reply_kind::duplicate));
    BOOST_REQUIRE(b.db->maintain().has_value());
    BOOST_TEST((b.settled(settle("req_2", task_status::succeeded, at(2), b.routes)).what == reply_kind::settled));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lists_page_newest_first_and_filter, engine, engines) {
    bench<engine> b;
    for (int i = 1; i <= 5; ++i) {
        b.settled(
            settle("req_" + std::to_string(i), i == 3 ? task_status::failed : task_status::succeeded, at(i), b.routes));
    }
    task_query q;
    q.limit = 2;
    const auto first = b.reader->list(q).value();
    BOOST_REQUIRE_EQUAL(first.tasks.size(), 2U);
    BOOST_TEST(first.tasks[0].request_id == "req_5");
    BOOST_REQUIRE(first.next.has_value());
    q.before = first.next;
    BOOST_TEST(b.reader->list(q).value().tasks.at(0).request_id == "req_3");
    task_query failed;
    failed.status = task_status::failed;
    BOOST_TEST(b.reader->list(failed).value().tasks.size() == 1U);
    task_query fetching;
    fetching.stage = task_stage::fetching;
    fetching.text = "q_4";
    BOOST_TEST(b.reader->list(fetching).value().tasks.size() == 1U);
    task_query elsewhere;
    elsewhere.source = "second";
    const auto none = b.reader->list(elsewhere).value();
    BOOST_TEST(none.tasks.empty());
    BOOST_TEST(!none.next.has_value());
}

// However many tasks do not match: a reader is held up for so long and no longer.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_long_search_goes_on_with_the_next_page, engine, engines) {
    bench<engine> b;
    b.settled(settle("the_oldest", task_status::failed, at(1), b.routes));
    constexpr int many = 20'500;
    for (int i = 0; i < many;) {
        std::vector<command> together;
        for (int end = i + 500; i < end; ++i) {
            together.emplace_back(settle("req_" + std::to_string(i), task_status::succeeded, at(2), b.routes));
        }
        BOOST_REQUIRE(b.db->apply(together).has_value());
    }
    task_query by_status;
    by_status.status = task_status::failed;
    task_query by_text;
    by_text.text = "oldest";
    task_query by_stage; // so many are being fetched that they are looked for among all
    by_stage.stage = task_stage::done;
    for (task_query q : {by_status, by_text, by_stage}) {
        const auto first = b.reader->list(q).value();
        BOOST_TEST(first.tasks.empty());
        BOOST_REQUIRE(first.next.has_value());
        q.before = first.next;
        const auto second = b.reader->list(q).value();
        BOOST_REQUIRE_EQUAL(second.tasks.size(), 1U);
        BOOST_TEST(second.tasks[0].request_id == "the_oldest");
        BOOST_TEST(!second.next.has_value());
    }
    task_query fetching;
    fetching.stage = task_stage::fetching;
    fetching.limit = 500;
    int found = 0;
    do {
        const auto page = b.reader->list(fetching).value();
        found += static_cast<int>(page.tasks.size());
        fetching.before = page.next;
    } while (fetching.before);
    BOOST_TEST(found == many);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_stage_lists_its_own_tasks, engine, engines) {
    bench<engine> b;
    b.settled(settle("waiting", task_status::processing, at(1), b.routes));
    b.settled(settle("delivering", task_status::succeeded, at(1), b.routes));
    b.fetch(at(2));
    b.settled(settle("stuck", task_status::succeeded, at(3), b.routes));
    const auto jobs = b.claimed(claim(job_kind::fetch, "", 1, at(4)));
    b.finished(finish(jobs.at(0).work, job_state::rejected, at(4), b.routes, "no such video"));
    b.settled(settle("fetching", task_status::succeeded, at(5), b.routes));
    b.settled(settle("done", task_status::failed, at(6), b.routes));
    for (const task_stage stage :
         {task_stage::waiting, task_stage::fetching, task_stage::delivering, task_stage::done, task_stage::stuck}) {
        task_query q;
        q.stage = stage;
        const auto page = b.reader->list(q).value();
        BOOST_REQUIRE_EQUAL(page.tasks.size(), 1U);
        BOOST_TEST(page.tasks[0].request_id == to_string(stage));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(counts_tell_due_scheduled_running_and_blocked_jobs_apart, engine, engines) {
    bench<engine> b;
    for (int i = 1; i <= 4; ++i) {
        b.settled(settle("req_" + std::to_string(i), task_status::succeeded, at(i), b.routes));
    }
    const auto jobs = b.claimed(claim(job_kind::fetch, "", 3, at(5)));
    auto later = finish(jobs[0].work, job_state::pending, at(5), b.routes);
    later.due_at = at(100);
    b.finished(std::move(later));
    auto stuck = finish(jobs[1].work, job_state::blocked, at(5), b.routes, "disk full");
    stuck.due_at = at(100);
    b.finished(std::move(stuck));
    const auto counts = b.reader->counts(at(6)).value();
    BOOST_REQUIRE_EQUAL(counts.jobs.size(), 1U);
    const job_count& lane = counts.jobs[0];
    BOOST_TEST(lane.due == 1U);
    BOOST_TEST(lane.scheduled == 1U);
    BOOST_TEST(lane.running == 1U);
    BOOST_TEST(lane.blocked == 1U);
    BOOST_TEST(lane.blocked_note == "disk full");
    BOOST_TEST((lane.oldest_due == at(4)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(events_can_be_read_on_from_the_last_one_seen, engine, engines) {
    bench<engine> b;
    b.settled(settle("req_1", task_status::succeeded, at(1), b.routes));
    b.settled(settle("req_2", task_status::succeeded, at(2), b.routes));
    const auto all = b.reader->events_after(0, 10).value();
    BOOST_REQUIRE_EQUAL(all.size(), 2U);
    const auto rest = b.reader->events_after(all[0].what.id, 10).value();
    BOOST_REQUIRE_EQUAL(rest.size(), 1U);
    BOOST_TEST(rest[0].what.id == all[1].what.id);
    BOOST_TEST(rest[0].source == "main");
    BOOST_TEST(rest[0].request_id == "req_2");
    BOOST_TEST(rest[0].what.body.empty());
    BOOST_TEST(b.reader->newest_event().value() == all[1].what.id);
    BOOST_TEST(b.reader->events_after(all[1].what.id, 10).value().empty());
}

// Enough of them that an engine which puts a part of its work off comes to do it meanwhile.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_reader_finds_at_any_time_what_was_committed_before, engine, engines) {
    constexpr int commits = 300;
    constexpr int a_commit = 150;
    const auto id_of = [](int number) { return "req_" + std::to_string(number); };
    bench<engine> b;
    std::atomic<int> committed{0};
    std::atomic<bool> good{true};
    std::jthread writer([&] {
        for (int i = 0; i < commits; ++i) {
            std::vector<command> commands;
            for (int k = 0; k < a_commit; ++k) {
                commands.emplace_back(settle(id_of(committed + k), task_status::failed, at(1), b.routes));
            }
            good = good && b.db->apply(commands).has_value();
            committed += a_commit;
        }
    });
    std::jthread keeper([&] {
        while (committed < commits * a_commit) {
            good = good && b.db->maintain().has_value();
        }
    });
    std::minstd_rand random(1);
    int lost = 0;
    for (int known = 0; known < commits * a_commit; known = committed) {
        if (known > 0) {
            const std::string id = id_of(static_cast<int>(random() % static_cast<unsigned>(known)));
            lost += b.reader->find("main", id).value().size() == 1 ? 0 : 1;
        }
    }
    writer.join();
    keeper.join();
    BOOST_TEST(good);
    BOOST_TEST(lost == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(tasks_with_files_are_those_settled_and_not_done, engine, engines) {
    bench<engine> b;
    b.settled(settle("waiting", task_status::processing, at(1), b.routes));
    b.settled(settle("done", task_status::failed, at(1), b.routes));
    b.settled(settle("fetching", task_status::succeeded, at(1), b.routes));
    const auto names = b.reader->tasks_with_files().value();
    BOOST_REQUIRE_EQUAL(names.size(), 1U);
    BOOST_TEST(names[0].request_id == "fetching");
}

} // namespace
} // namespace seedhook
