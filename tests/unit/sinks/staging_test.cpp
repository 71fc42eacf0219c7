// Staged files: locks, copies, exclusive names.
#include "file_text.hpp"
#include "sinks/staging.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

using namespace seedhook;
using test::read_file;
using test::temp_folder;
using test::write_file;
namespace fs = std::filesystem;

namespace {

unique_fd open_folder(const fs::path& path) { return unique_fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY)); }

// A file of no file system's that `copy_file_range` could serve together with the test's folder.
unique_fd file_elsewhere(std::string_view content) {
    unique_fd file(::memfd_create("elsewhere", 0));
    BOOST_REQUIRE(::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    return file;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_exclusive_name_is_given_once) {
    temp_folder folder;
    const unique_fd at = open_folder(folder.path());
    write_file(folder.path() / "a", "a");
    write_file(folder.path() / "b", "b");
    BOOST_TEST(rename_file(at.get(), "a", at.get(), "b", false) == EEXIST);
    BOOST_TEST(read_file(folder.path() / "b") == "b");
    BOOST_TEST(rename_file(at.get(), "a", at.get(), "c", false) == 0);
    BOOST_TEST(rename_file(at.get(), "c", at.get(), "b", true) == 0);
    BOOST_TEST(read_file(folder.path() / "b") == "a");
    BOOST_TEST(rename_file(at.get(), "none", at.get(), "d", false) == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_staged_file_belongs_to_one_attempt_at_a_time) {
    temp_folder folder;
    const unique_fd root = open_folder(folder.path());
    const fs::path staged = folder.path() / staging_folder / "dlv_1";
    {
        auto first = staged_file::create(root.get(), folder.path(), "dlv_1");
        BOOST_REQUIRE(first);
        BOOST_TEST(first->write("first").has_value());
        auto second = staged_file::create(root.get(), folder.path(), "dlv_1");
        BOOST_REQUIRE(!second);
        BOOST_TEST(std::holds_alternative<again>(second.error()));
        BOOST_TEST(read_file(staged) == "first");
        BOOST_TEST(staged_file::create(root.get(), folder.path(), "dlv_2").has_value());
    }
    BOOST_TEST(!fs::exists(staged));
    BOOST_TEST(staged_file::create(root.get(), folder.path(), "dlv_1").has_value());
}

BOOST_AUTO_TEST_CASE(what_was_placed_stays) {
    temp_folder folder;
    const unique_fd root = open_folder(folder.path());
    {
        auto staged = staged_file::create(root.get(), folder.path(), "dlv_1");
        BOOST_REQUIRE(staged);
        BOOST_TEST(staged->write("content").has_value());
        BOOST_TEST(staged->seal(ownership()).has_value());
        BOOST_TEST(staged->place(root.get(), "final", false) == 0);
        BOOST_TEST(staged_file::create(root.get(), folder.path(), "dlv_1").has_value()); // a file of its own
    }
    BOOST_TEST(read_file(folder.path() / "final") == "content");
}

BOOST_AUTO_TEST_CASE(a_copy_across_file_systems_is_whole) {
    temp_folder folder;
    const unique_fd root = open_folder(folder.path());
    std::string content(33 * 1024 * 1024 + 7, 'x'); // two pieces
    content[5'000'000] = 'y';
    content.back() = 'z';
    const unique_fd source = file_elsewhere(content);
    auto staged = staged_file::create(root.get(), folder.path(), "dlv_1");
    BOOST_REQUIRE(staged);
    BOOST_TEST(!staged->clone(source.get()));
    const auto first = staged->copy_piece(source.get(), content.size());
    BOOST_REQUIRE(first);
    BOOST_TEST(!*first);
    const auto second = staged->copy_piece(source.get(), content.size());
    BOOST_REQUIRE(second);
    BOOST_TEST(*second);
    BOOST_TEST((read_file(staged->path()) == content));
}

BOOST_AUTO_TEST_CASE(a_source_that_ends_early_is_no_copy) {
    temp_folder folder;
    const unique_fd root = open_folder(folder.path());
    write_file(folder.path() / "source", "short");
    const unique_fd near(::open((folder.path() / "source").c_str(), O_RDONLY));
    const unique_fd far = file_elsewhere("short");
    for (const int source : {near.get(), far.get()}) {
        auto staged = staged_file::create(root.get(), folder.path(), "dlv_1");
        BOOST_REQUIRE(staged);
        const auto copied = staged->copy_piece(source, 6);
        BOOST_REQUIRE(!copied);
        BOOST_TEST(std::holds_alternative<again>(copied.error()));
    }
}

BOOST_AUTO_TEST_CASE(a_file_in_use_is_not_swept_however_old) {
    temp_folder folder;
    const unique_fd root = open_folder(folder.path());
    auto staged = staged_file::create(root.get(), folder.path(), "dlv_1");
    BOOST_REQUIRE(staged);
    fs::last_write_time(staged->path(), fs::file_time_type::clock::now() - std::chrono::hours(48));
    sweep_staging(folder.path());
    BOOST_TEST(fs::exists(staged->path()));
}
