// Tasks must be found by their ids wherever these stand: in memory, in the table, or in neither yet after a crash.
#include "commands.hpp"
#include "temp_folder.hpp"

#include "store/sqlite/connection.hpp"
#include "store/sqlite/request_index.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace seedhook {
namespace {

using namespace test;

using reply_kind = settle_reply::kind;

// More than memory keeps of them, so that a part of them is in the table.
constexpr int many = 40'000;

std::string id_of(int number) { return "req_" + std::to_string(number); }

struct index_fixture {
    temp_folder folder;
    std::string path = (folder.path() / "seedhook.db").string();
    std::shared_ptr<const routing> no_sinks = routes_to({});

    // How many of the tasks [first, end) are settled by this, and were not before.
    int settle_all(database& db, int first, int end, time_point when = at(1)) const {
        constexpr int a_commit = 1000;
        int fresh = 0;
        for (int next = first; next < end;) {
            std::vector<command> commands;
            for (; next < end && commands.size() < a_commit; ++next) {
                commands.emplace_back(settle(id_of(next), task_status::failed, when, no_sinks));
            }
            for (const reply& r : db.apply(commands).value()) {
                fresh += std::get<settle_reply>(r).what == reply_kind::settled ? 1 : 0;
            }
        }
        return fresh;
    }

    std::int64_t number(std::string_view query) const {
        return sqlite::connection(path, sqlite::connection::access::read_only).number(query);
    }
    std::int64_t in_table() const { return number("SELECT count(*) FROM requests"); }
    std::int64_t tasks() const { return number("SELECT count(*) FROM tasks"); }
    std::int64_t filed_until() const { return number("SELECT value FROM counters WHERE name = 'requests_until'"); }
};

BOOST_FIXTURE_TEST_CASE(the_newest_tasks_and_older_ones_are_found, index_fixture) {
    const auto db = open_sqlite({path}).value();
    BOOST_REQUIRE_EQUAL(settle_all(*db, 0, many), many);
    BOOST_TEST(in_table() > 0);
    BOOST_TEST(in_table() < many / 2);
    BOOST_TEST(settle_all(*db, 0, many, at(2)) == 0);
    const auto reader = db->make_reader();
    for (int number = 0; number < many; number += 7) {
        const auto found = reader->find("main", id_of(number)).value();
        BOOST_REQUIRE_EQUAL(found.size(), 1U);
        BOOST_REQUIRE(found.front().of.request_id == id_of(number));
    }
    BOOST_TEST(reader->find("main", id_of(many)).value().empty());
}

// With the filter, which the maintenance makes, or makes anew, all that is in the table is found as before.
BOOST_FIXTURE_TEST_CASE(looks_that_a_filter_spares_would_have_been_in_vain, index_fixture) {
    settle_all(*open_sqlite({path}).value(), 0, many);
    const auto db = open_sqlite({path}).value();
    BOOST_REQUIRE(db->maintain().has_value());
    BOOST_TEST(settle_all(*db, many - 1000, 2 * many, at(2)) == many);
    BOOST_REQUIRE(db->maintain().has_value());
    BOOST_TEST(settle_all(*db, 0, 2 * many + 1, at(3)) == 1);
    BOOST_TEST(tasks() == 2 * many + 1);
}

BOOST_FIXTURE_TEST_CASE(a_clean_end_leaves_none_to_be_read_by_the_next, index_fixture) {
    settle_all(*open_sqlite({path}).value(), 0, many);
    BOOST_TEST(in_table() == many);
    BOOST_TEST(filed_until() == number("SELECT max(id) FROM tasks"));
    BOOST_TEST(settle_all(*open_sqlite({path}).value(), 0, many + 1, at(2)) == 1);
    BOOST_TEST(in_table() == many + 1);
}

// The first kill leaves a round of the index half done; the second life begins with more than memory is to hold.
BOOST_FIXTURE_TEST_CASE(tasks_of_a_process_that_was_killed_are_found_by_the_next, index_fixture) {
    int known = 0;
    for (const int more : {many, many / 4}) {
        const pid_t killed = ::fork();
        if (killed == 0) {
            try {
                const auto db = open_sqlite({path}).value();
                ::_exit(settle_all(*db, 0, known + more) == more ? 0 : 1); // the database is not closed
            } catch (...) {
                ::_exit(2);
            }
        }
        int status = 0;
        BOOST_REQUIRE(::waitpid(killed, &status, 0) == killed);
        BOOST_REQUIRE_EQUAL(status, 0);
        known += more;
        BOOST_TEST(in_table() < known);
    }
    BOOST_TEST(filed_until() > 0);
    const auto db = open_sqlite({path}).value();
    BOOST_TEST(settle_all(*db, 0, known, at(2)) == 0);
    BOOST_TEST(tasks() == known);
}

BOOST_FIXTURE_TEST_CASE(a_transaction_that_failed_leaves_nothing_to_be_found, index_fixture) {
    const auto db = open_sqlite({path}).value();
    settle_all(*db, 0, 2);
    {
        sqlite::connection other(path, sqlite::connection::access::read_write);
        other.run("UPDATE tasks SET stage = 'of no version' WHERE request_id = 'req_0'");
    }
    const command both[]{settle(id_of(2), task_status::failed, at(1), no_sinks),
                         settle(id_of(0), task_status::failed, at(1), no_sinks)};
    BOOST_REQUIRE(db->apply(both).has_error());
    const auto reader = db->make_reader();
    BOOST_TEST(reader->find("main", id_of(2)).value().empty());
    BOOST_REQUIRE(db->reopen().has_value());
    BOOST_TEST(reader->find("main", id_of(2)).value().empty());
    BOOST_TEST(settle_all(*db, 1, 3) == 1);
    BOOST_TEST(reader->find("main", id_of(2)).value().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(pruning_takes_tasks_out_of_memory_and_table, index_fixture) {
    {
        const auto db = open_sqlite({path}).value();
        settle_all(*db, 0, many);
        settle_all(*db, many, many + 1, at(100)); // the newest is never pruned
        BOOST_REQUIRE(in_table() > 0);
        for (std::optional<task_id> next = 0; next;) {
            prune_command c;
            c.after = *next;
            c.limit = 1000;
            c.settled_before = at(50);
            c.now = at(100);
            const command commands[]{c};
            next = std::get<prune_reply>(db->apply(commands).value().front()).next;
        }
        BOOST_TEST(tasks() == 1);
        BOOST_TEST(in_table() == 0);
        BOOST_TEST(settle_all(*db, 0, many + 2, at(200)) == 1);
        BOOST_TEST(tasks() == 2);
    }
    BOOST_TEST(in_table() == 2);
}

// The index alone, with less in memory, over connections as the writer, the maintenance and a reader have them.
struct lone_index : index_fixture {
    lone_index() { index.load(writer); }

    // Adds so many tasks in a transaction of its own, at whose end `file` files.
    template <class File>
    void add(int more, File file) {
        writer.run("BEGIN IMMEDIATE");
        for (const int end = known + more; known < end; ++known) {
            writer.run("INSERT INTO tasks (source, request_id, status, stage, settled_by, model, metadata, video_url, "
                       "created_at) VALUES ('main', ?, 'failed', 'done', 'poll', '', '{}', '', 0)",
                       id_of(known));
            index.add(id_of(known), writer.last_id());
        }
        file();
        writer.run("COMMIT");
    }
    void add_and_file_some(int more) {
        add(more, [&] { index.file_some(writer); });
        index.committed();
    }
    void file_all() { index.file_all(writer, std::chrono::hours(1)); }
    void add_and_file_all(int more) {
        add(more, [&] { file_all(); });
        index.committed();
    }

    bool finds(sqlite::connection& over, int number) const {
        const auto found = index.candidates(over, id_of(number));
        return std::find(found.begin(), found.end(), number + 1) != found.end();
    }
    int missing(sqlite::connection& over) const {
        int missing = 0;
        for (int number = 0; number < known; ++number) {
            missing += finds(over, number) ? 0 : 1;
        }
        return missing;
    }
    std::int64_t unfiled() const { return known - filed_until(); }

    int known = settle_all(*open_sqlite({path}).value(), 0, 1); // which makes the file
    sqlite::connection writer{path, sqlite::connection::access::read_write};
    sqlite::connection maintenance{path, sqlite::connection::access::read_only};
    sqlite::request_index_limits small{64, 16, 32};
    sqlite::request_index index{small};
};

// What leaves memory must be in the table for a reader whose look into memory came too late.
BOOST_FIXTURE_TEST_CASE(a_reader_finds_ids_while_they_move_into_the_table, lone_index) {
    constexpr int commits = 2000;
    constexpr int a_commit = 20;
    std::atomic<int> committed{known};
    std::jthread filing([&] {
        for (int i = 0; i < commits; ++i) {
            add_and_file_some(a_commit);
            committed = known;
        }
    });
    sqlite::connection reader(path, sqlite::connection::access::read_only);
    std::minstd_rand random(1);
    int lost = 0;
    for (int last = committed; last < commits * a_commit; last = committed) {
        const int back = static_cast<int>(random() % 256);
        lost += finds(reader, std::max(last - 1 - back, 0)) ? 0 : 1;
    }
    filing.join();
    BOOST_TEST(lost == 0);
    BOOST_TEST(in_table() > commits * a_commit / 2);
    BOOST_TEST(missing(reader) == 0);
}

BOOST_FIXTURE_TEST_CASE(what_is_filed_while_a_filter_is_made_is_in_it, lone_index) {
    add_and_file_all(5000);
    BOOST_REQUIRE(index.wants_survey());
    index.survey(maintenance, std::chrono::milliseconds(0));
    BOOST_REQUIRE(index.wants_survey()); // it has only begun
    add_and_file_all(5000);
    index.survey(maintenance, std::chrono::hours(1));
    BOOST_TEST(!index.wants_survey());
    BOOST_TEST(missing(writer) == 0);
}

// As when a sync fails, and yet everything is there when the store is opened again.
BOOST_FIXTURE_TEST_CASE(a_commit_that_stands_although_it_failed_is_found, lone_index) {
    index.survey(maintenance, std::chrono::hours(1));
    BOOST_REQUIRE(!index.wants_survey());
    add(100, [&] { file_all(); });
    index.load(writer);
    BOOST_TEST(missing(writer) == 0);
}

BOOST_FIXTURE_TEST_CASE(many_short_lives_that_end_by_a_kill_leave_no_more_to_read_than_a_long_one, lone_index) {
    for (int lives = 0; lives < 100; ++lives) {
        add_and_file_some(30);
        index.load(writer);
        BOOST_REQUIRE_EQUAL(missing(writer), 0);
    }
    BOOST_TEST(unfiled() > 0);
    BOOST_TEST(unfiled() < 5 * 64);
}

BOOST_FIXTURE_TEST_CASE(a_task_is_found_until_its_pruning_is_committed, lone_index) {
    add_and_file_some(10);
    writer.run("BEGIN IMMEDIATE");
    index.remove(writer, id_of(3), 4);
    BOOST_TEST(finds(maintenance, 3));
    writer.run("COMMIT");
    index.committed();
    BOOST_TEST(!finds(maintenance, 3));
    add(1, [&] {
        index.remove(writer, id_of(5), 6);
        file_all();
    });
    index.committed();
    BOOST_TEST(missing(maintenance) == 2);
    BOOST_TEST(in_table() == known - 2);
}

BOOST_FIXTURE_TEST_CASE(a_stop_without_time_leaves_them_to_the_next, lone_index) {
    add(50, [&] { index.file_all(writer, std::chrono::milliseconds(0)); });
    index.committed();
    BOOST_TEST(!index.is_all_filed());
    BOOST_TEST(unfiled() == 50);
    index.load(writer);
    BOOST_TEST(missing(writer) == 0);
    add_and_file_all(1);
    BOOST_TEST(index.is_all_filed());
    BOOST_TEST(in_table() == known);
}

// Or their numbers, which are given again, would be taken for filed.
BOOST_FIXTURE_TEST_CASE(newest_tasks_that_somebody_deletes_by_hand_leave_no_trace, lone_index) {
    add_and_file_all(10);
    writer.run("DELETE FROM tasks WHERE id > 5");
    writer.run("DELETE FROM requests WHERE task > 5");
    known = 5;
    index.load(writer);
    add_and_file_some(3);
    index.load(writer);
    BOOST_TEST(missing(writer) == 0);
}

} // namespace
} // namespace seedhook
