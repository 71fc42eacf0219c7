// What SQLite's file itself must stand: two daemons, foreign files, newer versions.
#include "commands.hpp"
#include "temp_folder.hpp"

#include "store/sqlite/connection.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace seedhook {
namespace {

using namespace test;

struct file_fixture {
    temp_folder folder;
    std::string path = (folder.path() / "seedhook.db").string();
};

BOOST_FIXTURE_TEST_CASE(a_second_daemon_on_the_same_file_is_refused, file_fixture) {
    const auto first = open_sqlite({path});
    BOOST_REQUIRE(first.has_value());
    const auto second = open_sqlite({path});
    BOOST_REQUIRE(second.has_error());
    BOOST_TEST((second.error().code == errc::conflict));
}

BOOST_FIXTURE_TEST_CASE(the_lock_goes_with_its_owner, file_fixture) {
    { BOOST_REQUIRE(open_sqlite({path}).has_value()); }
    BOOST_TEST(open_sqlite({path}).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_file_of_a_newer_version_is_refused_and_left_alone, file_fixture) {
    { BOOST_REQUIRE(open_sqlite({path}).has_value()); }
    {
        sqlite::connection db(path, sqlite::connection::access::read_write);
        db.script("PRAGMA user_version = 99");
    }
    const auto opened = open_sqlite({path});
    BOOST_REQUIRE(opened.has_error());
    BOOST_TEST((opened.error().code == errc::invalid));
    BOOST_TEST(opened.error().message.find("newer") != std::string::npos);
}

// As by a kill at the first sync of a new file, when its journal is still one to roll back.
BOOST_FIXTURE_TEST_CASE(a_file_whose_maker_was_killed_is_opened, file_fixture) {
    const pid_t maker = ::fork();
    if (maker == 0) {
        sqlite::connection db(path, sqlite::connection::access::read_write);
        db.script("PRAGMA cache_size = 1");
        db.script("BEGIN");
        db.script("CREATE TABLE half_made (x)");
        db.script("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                  "INSERT INTO half_made SELECT hex(randomblob(100)) FROM n");
        ::_exit(0);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(maker, &status, 0) == maker);
    BOOST_REQUIRE(status == 0);
    BOOST_REQUIRE(std::filesystem::file_size(path + "-journal") > 0);
    const auto inspected = inspect_sqlite({path}, std::chrono::seconds(10));
    BOOST_REQUIRE(inspected.has_error()); // to look is not to mend
    BOOST_TEST(inspected.error().message.find("next one to start mends it") != std::string::npos);
    BOOST_TEST(open_sqlite({path}).has_value());
}

BOOST_FIXTURE_TEST_CASE(another_programs_database_is_refused, file_fixture) {
    {
        sqlite::connection db(path, sqlite::connection::access::read_write);
        db.script("CREATE TABLE theirs (x)");
    }
    const auto opened = open_sqlite({path});
    BOOST_REQUIRE(opened.has_error());
    BOOST_TEST((opened.error().code == errc::invalid));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_no_database_is_refused, file_fixture) {
    std::ofstream(path)
        << "This is a text that is surely longer than the header of a database file would be: it goes on "
           "and on, so that SQLite has something to look at.";
    const auto opened = open_sqlite({path});
    BOOST_REQUIRE(opened.has_error());
    BOOST_TEST((opened.error().code == errc::invalid));
}

BOOST_FIXTURE_TEST_CASE(the_file_is_for_its_owner_alone, file_fixture) {
    BOOST_REQUIRE(open_sqlite({path}).has_value());
    struct stat status {};
    BOOST_REQUIRE_EQUAL(::stat(path.c_str(), &status), 0);
    BOOST_TEST((status.st_mode & 0777) == 0600);
}

BOOST_FIXTURE_TEST_CASE(two_ids_of_one_hash_are_two_tasks, file_fixture) {
    {
        const auto engine = open_sqlite({path});
        BOOST_REQUIRE(engine.has_value());
        const auto routes = routes_to({});
        const command commands[]{settle("req_36482", task_status::succeeded, at(1), routes),
                                 settle("req_68297", task_status::failed, at(2), routes),
                                 settle("req_36482", task_status::succeeded, at(3), routes),
                                 settle("req_68297", task_status::failed, at(4), routes)};
        const auto replies = (*engine)->apply(commands);
        BOOST_REQUIRE(replies.has_value());
        using kind = settle_reply::kind;
        const kind expected[]{kind::settled, kind::settled, kind::duplicate, kind::duplicate};
        for (std::size_t i = 0; i < std::size(expected); ++i) {
            BOOST_TEST((std::get<settle_reply>((*replies)[i]).what == expected[i]), "command " << i);
        }
        const auto reader = (*engine)->make_reader();
        for (const auto& [id, status] :
             {std::pair("req_36482", task_status::succeeded), std::pair("req_68297", task_status::failed)}) {
            const auto found = reader->find("", id);
            BOOST_REQUIRE(found.has_value());
            BOOST_REQUIRE_EQUAL(found->size(), 1U);
            BOOST_TEST(found->front().of.request_id == id);
            BOOST_TEST((found->front().of.status == status));
        }
    }
    {
        // Then both are in the table, of which memory knows nothing.
        const auto engine = open_sqlite({path});
        BOOST_REQUIRE(engine.has_value());
        for (const char* id : {"req_36482", "req_68297"}) {
            const command commands[]{settle(id, task_status::succeeded, at(5), routes_to({}))};
            const auto replies = (*engine)->apply(commands);
            BOOST_REQUIRE(replies.has_value());
            BOOST_TEST((std::get<settle_reply>(replies->front()).what != settle_reply::kind::settled), id);
        }
    }
    sqlite::connection db(path, sqlite::connection::access::read_only);
    BOOST_TEST(db.number("SELECT count(*) FROM requests") == 2);
    BOOST_TEST(db.number("SELECT count(DISTINCT hash) FROM requests") == 1); // or this test shows nothing
}

// While one connection of a process is open, SQLite keeps its shared index, with whatever is wrong with it.
BOOST_FIXTURE_TEST_CASE(reopening_leaves_no_connection_open_not_even_a_readers, file_fixture) {
    auto opened = open_sqlite({path});
    BOOST_REQUIRE(opened.has_value());
    const auto reader = (*opened)->make_reader();
    BOOST_REQUIRE(reader->counts(time_point()).has_value());
    BOOST_REQUIRE((*opened)->maintain().has_value());
    BOOST_REQUIRE(std::filesystem::remove(path + "-shm"));
    BOOST_REQUIRE((*opened)->reopen().has_value());
    BOOST_TEST(std::filesystem::exists(path + "-shm")); // a new one
    BOOST_TEST(reader->counts(time_point()).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_folder_that_is_missing_is_an_error_that_names_it, file_fixture) {
    const auto opened = open_sqlite({(folder.path() / "no" / "seedhook.db").string()});
    BOOST_REQUIRE(opened.has_error());
    BOOST_TEST(opened.error().message.find("seedhook.db") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_clean_end_leaves_an_empty_log_and_a_failed_one_leaves_it_as_it_is, file_fixture) {
    const command commands[]{settle("req_1", task_status::succeeded, at(1), routes_to({}))};
    {
        const auto engine = open_sqlite({path});
        BOOST_REQUIRE(engine.has_value());
        BOOST_REQUIRE((*engine)->apply(commands).has_value());
    }
    BOOST_TEST(std::filesystem::file_size(path + "-wal") == 0U);
    {
        sqlite::connection crashed(path, sqlite::connection::access::read_write);
        crashed.run("UPDATE tasks SET model = 'm'");
    }
    BOOST_TEST(std::filesystem::file_size(path + "-wal") > 0U);
}

std::vector<std::string> files_below(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

BOOST_FIXTURE_TEST_CASE(an_inspection_finds_a_sound_store_sound_and_leaves_it_alone, file_fixture) {
    { BOOST_REQUIRE(open_sqlite({path}).has_value()); }
    const auto before = files_below(folder.path());
    const auto changed = std::filesystem::last_write_time(path);
    const auto found = inspect_sqlite({path}, std::chrono::seconds(10));
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->complete);
    BOOST_TEST(files_below(folder.path()) == before, boost::test_tools::per_element());
    BOOST_TEST((std::filesystem::last_write_time(path) == changed));
    BOOST_TEST(open_sqlite({path}).has_value());
}

BOOST_FIXTURE_TEST_CASE(an_inspection_makes_no_store, file_fixture) {
    const auto found = inspect_sqlite({path}, std::chrono::seconds(10));
    BOOST_REQUIRE(found.has_error());
    BOOST_TEST((found.error().code == errc::not_found));
    BOOST_TEST(files_below(folder.path()).empty());
}

BOOST_FIXTURE_TEST_CASE(an_inspection_does_not_look_at_a_store_that_a_daemon_has, file_fixture) {
    const auto daemon = open_sqlite({path});
    BOOST_REQUIRE(daemon.has_value());
    const auto found = inspect_sqlite({path}, std::chrono::seconds(10));
    BOOST_REQUIRE(found.has_error());
    BOOST_TEST((found.error().code == errc::conflict));
}

BOOST_FIXTURE_TEST_CASE(an_inspection_tells_damage_and_other_versions, file_fixture) {
    { BOOST_REQUIRE(open_sqlite({path}).has_value()); }
    {
        sqlite::connection db(path, sqlite::connection::access::read_write);
        db.script("PRAGMA user_version = 99");
    }
    const auto newer = inspect_sqlite({path}, std::chrono::seconds(10));
    BOOST_REQUIRE(newer.has_error());
    BOOST_TEST((newer.error().code == errc::invalid));
    {
        sqlite::connection db(path, sqlite::connection::access::read_write);
        db.script("PRAGMA user_version = 1");
    }
    { BOOST_REQUIRE(open_sqlite({path}).has_value()); } // whose end leaves everything in the file
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(2048);
        file << std::string(4096, 'x');
    }
    const auto damaged = inspect_sqlite({path}, std::chrono::seconds(10));
    BOOST_REQUIRE(damaged.has_error());
    BOOST_TEST((damaged.error().code == errc::io));
}

BOOST_FIXTURE_TEST_CASE(an_inspection_ends_when_its_time_is_up, file_fixture) {
    { BOOST_REQUIRE(open_sqlite({path}).has_value()); }
    {
        sqlite::connection db(path, sqlite::connection::access::read_write);
        db.script("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) "
                  "INSERT INTO ids SELECT CAST(i AS BLOB), 1 FROM n");
    }
    const auto found = inspect_sqlite({path}, std::chrono::seconds(0));
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(!found->complete);
}

} // namespace
} // namespace seedhook
