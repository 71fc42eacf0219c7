// Records of uploads, checksums, and the sizes of parts.
#include "file_text.hpp"
#include "run_coroutine.hpp"
#include "sinks/s3/checksum.hpp"
#include "sinks/s3/multipart.hpp"
#include "sinks/s3/upload_record.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <chrono>
#include <filesystem>
#include <set>

namespace seedhook::s3 {
namespace {

upload_record some_record() {
    upload_record r;
    r.bucket = "https://s3.example/videos";
    r.key = "a \"b\".mp4";
    r.sha256 = std::string(64, 'a');
    r.size = 40'000'000'000;
    r.part_size = 16 << 20;
    r.checksum = "crc32";
    r.upload_id = "id/+=";
    return r;
}

digests digest_of(const std::string& text, checksum_kind kind) {
    test::temp_folder folder;
    const auto path = folder.path() / "video";
    test::write_file(path, text);
    auto file = std::make_shared<unique_fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    blocking_pool disk(1);
    return test::run_coroutine(digest(file, 0, text.size(), kind, disk)).value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(s3_uploads)

BOOST_AUTO_TEST_CASE(a_record_reads_back_as_it_was_written) {
    test::temp_folder folder;
    const record_file file(folder.path() / "new" / "folder", "dlv_1");
    BOOST_TEST(!file.load());
    upload_record r = some_record();
    BOOST_REQUIRE(file.save(r));
    BOOST_REQUIRE(file.add(3, {"\"e3\"", ""}));
    BOOST_REQUIRE(file.add(1, {"e1", "c1"}));
    const auto back = file.load().value();
    BOOST_TEST(back.fits(r));
    BOOST_TEST(back.key == r.key);
    BOOST_TEST(back.upload_id == r.upload_id);
    BOOST_TEST(back.part_size == r.part_size);
    BOOST_TEST(back.parts.size() == 2U);
    BOOST_CHECK((back.parts.at(1) == stored_part{"e1", "c1"}));
    BOOST_CHECK((back.parts.at(3) == stored_part{"\"e3\"", ""}));
    file.remove();
    BOOST_TEST(!file.load());
}

BOOST_AUTO_TEST_CASE(a_record_that_was_cut_anywhere_tells_nothing_untrue) {
    test::temp_folder folder;
    const record_file file(folder.path(), "dlv_1");
    upload_record r = some_record();
    r.parts = {{1, {"e1", ""}}, {2, {"e2", ""}}};
    BOOST_REQUIRE(file.save(r));
    const auto path = folder.path() / "dlv_1.upload";
    const std::string whole = test::read_file(path);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        test::write_file(path, whole.substr(0, size));
        const auto back = file.load();
        if (back) {
            BOOST_TEST(back->fits(r));
            BOOST_TEST(back->upload_id == r.upload_id);
            for (const auto& [number, part] : back->parts) {
                BOOST_CHECK((part == r.parts.at(number)));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_part_noted_after_a_cut_is_not_taken_for_another) {
    test::temp_folder folder;
    const record_file file(folder.path(), "dlv_1");
    BOOST_REQUIRE(file.save(some_record()));
    const auto path = folder.path() / "dlv_1.upload";
    test::write_file(path, test::read_file(path) + "{\"part\":1,\"et");
    BOOST_REQUIRE(file.add(2, {"e2", ""}));
    BOOST_TEST(file.load().value().parts.empty());
}

BOOST_AUTO_TEST_CASE(records_are_abandoned_by_age) {
    test::temp_folder folder;
    BOOST_REQUIRE(record_file(folder.path(), "dlv_1").save(some_record()));
    test::write_file(folder.path() / "other", "x");
    const auto now = system_clock().now();
    BOOST_TEST(records_untouched_since(folder.path(), now - std::chrono::minutes(1)).empty());
    const std::vector<std::string> expected{"dlv_1"};
    BOOST_TEST(records_untouched_since(folder.path(), now + std::chrono::minutes(1)) == expected,
               boost::test_tools::per_element());
    BOOST_TEST(records_untouched_since(folder.path() / "none", now).empty());
}

BOOST_AUTO_TEST_CASE(a_record_set_aside_makes_room_and_replaces_none) {
    test::temp_folder folder;
    const record_file file(folder.path(), "dlv_1");
    const auto soon = system_clock().now() + std::chrono::minutes(1);
    std::set<std::string> keys;
    for (const std::string key : {"one", "two"}) {
        upload_record r = some_record();
        r.key = key;
        BOOST_REQUIRE(file.save(r));
        file.set_aside();
        BOOST_TEST(!file.load());
        keys.insert(key);
    }
    const std::vector<std::string> names = records_untouched_since(folder.path(), soon);
    BOOST_TEST(names.size() == 2U);
    for (const std::string& name : names) {
        const record_file aside(folder.path(), name);
        BOOST_TEST(keys.erase(aside.load().value().key) == 1U);
        aside.set_aside(); // where it is already
    }
    BOOST_TEST(records_untouched_since(folder.path(), soon).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_record_set_aside_counts_as_touched) {
    test::temp_folder folder;
    const record_file file(folder.path(), "dlv_1");
    BOOST_REQUIRE(file.save(some_record()));
    std::filesystem::last_write_time(folder.path() / "dlv_1.upload",
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(24));
    const auto before = system_clock().now() - std::chrono::hours(1);
    BOOST_TEST(records_untouched_since(folder.path(), before).size() == 1U);
    file.set_aside();
    BOOST_TEST(records_untouched_since(folder.path(), before).empty());
}

// The check values that catalogues of CRCs give, and FIPS 180-4's.
BOOST_AUTO_TEST_CASE(checksums_are_those_of_their_standards) {
    BOOST_TEST(digest_of("123456789", checksum_kind::crc32).checksum == "y/Q5Jg==");
    BOOST_TEST(digest_of("123456789", checksum_kind::crc32c).checksum == "4waSgw==");
    BOOST_TEST(digest_of("abc", checksum_kind::sha1).checksum == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    BOOST_TEST(digest_of("abc", checksum_kind::sha256).checksum == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    BOOST_TEST(digest_of("abc", checksum_kind::none).checksum == "");
    BOOST_TEST(digest_of("abc", checksum_kind::none).sha256 ==
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    BOOST_TEST(field_of(checksum_kind::crc32c) == "x-amz-checksum-crc32c");
}

BOOST_AUTO_TEST_CASE(a_video_has_no_more_than_ten_thousand_parts) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20;
    BOOST_TEST(part_size_for(100 * mib, 16 * mib) == 16 * mib);
    BOOST_TEST(part_size_for(160'000 * mib, 16 * mib) == 16 * mib);
    BOOST_TEST(part_size_for(160'000 * mib + 1, 16 * mib) == 17 * mib);
    for (const std::uint64_t size : {std::uint64_t{1}, 5'000'000 * mib, 5'000'000 * mib - 1}) {
        const std::uint64_t part = part_size_for(size, 5 * mib);
        BOOST_TEST((size + part - 1) / part <= 10'000U);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::s3
