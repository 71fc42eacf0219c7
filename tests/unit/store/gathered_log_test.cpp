// The layer that gathers what SQLite writes to its log.
#include "temp_folder.hpp"

#include "store/sqlite/connection.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

namespace seedhook::sqlite {
namespace {

struct log_fixture {
    log_fixture() {
        writer.script("PRAGMA journal_mode = WAL");
        writer.script("PRAGMA synchronous = FULL");
        writer.script("PRAGMA wal_autocheckpoint = 0");
        writer.script("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
    }

    std::uint64_t log_size() const { return std::filesystem::file_size(path + "-wal"); }

    test::temp_folder folder;
    std::string path = (folder.path() / "seedhook.db").string();
    connection writer{path, connection::access::read_write};
};

BOOST_FIXTURE_TEST_CASE(what_is_committed_is_in_the_file_and_others_see_it, log_fixture) {
    const std::uint64_t before = log_size();
    writer.run("BEGIN IMMEDIATE");
    writer.run("INSERT INTO t VALUES (1, ?)", std::string_view("a"));
    BOOST_TEST(log_size() == before);
    writer.run("COMMIT");
    BOOST_TEST(log_size() > before);
    connection reader(path, connection::access::read_only);
    BOOST_TEST(reader.number("SELECT count(*) FROM t") == 1);
}

BOOST_FIXTURE_TEST_CASE(a_transaction_larger_than_the_cache_reads_what_it_has_spilled, log_fixture) {
    writer.script("PRAGMA cache_size = 10");
    const std::string text(3000, 'x');
    writer.run("BEGIN IMMEDIATE");
    for (std::int64_t id = 1; id <= 500; ++id) {
        writer.run("INSERT INTO t VALUES (?, ?)", id, text);
    }
    BOOST_TEST(writer.number("SELECT sum(length(text)) FROM t") == 500 * 3000);
    writer.run("COMMIT");
    connection reader(path, connection::access::read_only);
    BOOST_TEST(reader.number("SELECT sum(length(text)) FROM t") == 500 * 3000);
    BOOST_TEST(reader.number("SELECT count(*) FROM pragma_integrity_check() WHERE integrity_check = 'ok'") == 1);
}

BOOST_FIXTURE_TEST_CASE(what_is_rolled_back_leaves_the_log_good, log_fixture) {
    writer.script("PRAGMA cache_size = 10");
    const std::string text(3000, 'x');
    writer.run("BEGIN IMMEDIATE");
    for (std::int64_t id = 1; id <= 100; ++id) {
        writer.run("INSERT INTO t VALUES (?, ?)", id, text);
    }
    writer.run("ROLLBACK");
    writer.run("INSERT INTO t VALUES (1, ?)", std::string_view("b"));
    connection reader(path, connection::access::read_only);
    BOOST_TEST(reader.number("SELECT count(*) FROM t WHERE text = 'b'") == 1);
    BOOST_TEST(reader.number("SELECT count(*) FROM t") == 1);
}

BOOST_FIXTURE_TEST_CASE(the_log_is_begun_anew_after_a_checkpoint, log_fixture) {
    for (std::int64_t id = 1; id <= 50; ++id) {
        writer.run("INSERT INTO t VALUES (?, 'a')", id);
    }
    writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
    BOOST_TEST(log_size() == 0U);
    writer.run("INSERT INTO t VALUES (51, 'a')");
    connection reader(path, connection::access::read_only);
    BOOST_TEST(reader.number("SELECT count(*) FROM t") == 51);
}

} // namespace
} // namespace seedhook::sqlite
