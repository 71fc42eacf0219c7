// When files are read again: a decision over what stat(2) told, and that stat is asked the right thing.
#include "tls/file_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace {

using namespace seedhook::tls;

file_stamps at(std::uint64_t inode, std::int64_t modified = 0) { return {{true, 1, inode, 100, modified, modified}}; }

file_watch watching(const file_stamps& read, bool well = true) {
    file_watch watch;
    watch.were_read(read, well);
    watch.is_due(read);
    return watch;
}

BOOST_AUTO_TEST_CASE(files_that_stay_as_they_are_are_left_alone) {
    file_watch watch = watching(at(1));
    BOOST_TEST(!watch.is_due(at(1)));
    BOOST_TEST(!watch.is_due(at(1)));
}

BOOST_AUTO_TEST_CASE(a_change_is_taken_once_it_has_lain_still) {
    file_watch watch = watching(at(1));
    BOOST_TEST(!watch.is_due(at(2)));
    BOOST_TEST(!watch.is_due(at(2, 1))); // still at work on it
    BOOST_TEST(watch.is_due(at(2, 1)));
    watch.were_read(at(2, 1), true);
    BOOST_TEST(!watch.is_due(at(2, 1)));
}

BOOST_AUTO_TEST_CASE(what_could_not_be_used_is_tried_again_and_again) {
    file_watch watch = watching(at(1), false);
    BOOST_TEST(watch.is_due(at(1)));
    watch.were_read(at(1), false);
    BOOST_TEST(watch.is_due(at(1)));
    watch.were_read(at(1), true);
    BOOST_TEST(!watch.is_due(at(1)));
}

BOOST_AUTO_TEST_CASE(a_change_while_they_were_read_is_seen_afterwards) {
    file_watch watch = watching(at(1));
    watch.is_due(at(2));
    BOOST_TEST(watch.is_due(at(2)));
    watch.were_read(at(2), true);
    BOOST_TEST(!watch.is_due(at(3)));
    BOOST_TEST(watch.is_due(at(3)));
}

BOOST_AUTO_TEST_CASE(each_part_of_a_stamp_counts) {
    const file_stamp one{true, 1, 2, 3, 4, 5};
    for (const file_stamp& other :
         {file_stamp{false, 1, 2, 3, 4, 5}, file_stamp{true, 0, 2, 3, 4, 5}, file_stamp{true, 1, 0, 3, 4, 5},
          file_stamp{true, 1, 2, 0, 4, 5}, file_stamp{true, 1, 2, 3, 0, 5}, file_stamp{true, 1, 2, 3, 4, 0}}) {
        file_watch watch = watching({one});
        watch.is_due({other});
        BOOST_TEST(watch.is_due({other}));
    }
}

BOOST_AUTO_TEST_CASE(a_link_that_points_elsewhere_or_is_gone_looks_different) {
    namespace fs = std::filesystem;
    std::string pattern = (fs::temp_directory_path() / "seedhook-watch-XXXXXX").string();
    const fs::path folder = mkdtemp(pattern.data());
    const auto look = [&] { return stamps_of({(folder / "data" / "tls.crt").string()}); };
    for (const char* version : {"v1", "v2"}) {
        fs::create_directory(folder / version);
        std::ofstream(folder / version / "tls.crt") << "same";
    }
    fs::create_symlink("v1", folder / "data");
    const file_stamps first = look();
    BOOST_TEST(first.front().there);
    BOOST_TEST((look() == first));
    fs::create_symlink("v2", folder / "next");
    fs::rename(folder / "next", folder / "data"); // as Kubernetes does it
    BOOST_TEST((look() != first));
    fs::remove(folder / "data");
    BOOST_TEST(!look().front().there);
    fs::remove_all(folder);
}

} // namespace
