// The spool's names, limits and sweeping.
#include "seedhook/fetch/spool.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace seedhook;
using test::temp_folder;
namespace fs = std::filesystem;

namespace {

struct bench {
    explicit bench(std::uint64_t max_bytes = 1000, std::uint64_t min_free = 0) {
        settings.path = folder.path() / "deep" / "spool";
        settings.max_bytes = max_bytes;
        settings.min_free = min_free;
        reopen();
    }

    void reopen() {
        auto opened = open_spool(settings);
        BOOST_REQUIRE(opened);
        videos = std::move(*opened);
    }

    fs::path put(const std::string& name, std::size_t size) {
        const fs::path file = settings.path / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << std::string(size, 'x');
        return file;
    }

    temp_folder folder;
    spool_settings settings;
    std::unique_ptr<spool> videos;
};

bool full(const result<void>& r, std::string_view why) {
    return !r && r.error().code == errc::no_space && r.error().message.find(why) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_folder_is_made_for_us_alone) {
    bench b;
    struct stat seen {};
    BOOST_REQUIRE(::stat(b.settings.path.c_str(), &seen) == 0);
    BOOST_TEST((seen.st_mode & 0777) == 0700U);
    BOOST_TEST(b.videos->probe().has_value());
    BOOST_TEST(fs::is_empty(b.settings.path));
}

BOOST_AUTO_TEST_CASE(a_file_in_its_place_is_refused) {
    temp_folder folder;
    std::ofstream(folder.path() / "spool") << "x";
    spool_settings settings;
    settings.path = folder.path() / "spool";
    BOOST_TEST(!open_spool(settings));
}

BOOST_AUTO_TEST_CASE(a_name_follows_from_source_and_request_id) {
    task t;
    t.source = "main";
    t.request_id = "req_1.x";
    BOOST_TEST(spool_name(t) == "main/req_1.x.mp4");
    bench b;
    BOOST_TEST(b.videos->path_of("main/req_1.x.mp4") == b.settings.path / "main/req_1.x.mp4");
    const std::string longest(128, 'a');
    BOOST_TEST(!b.videos->path_of("main/" + longest + ".mp4").empty());
    BOOST_TEST(b.videos->claim("main/" + longest + ".mp4").has_value());
}

BOOST_AUTO_TEST_CASE(no_other_name_is_taken) {
    bench b;
    for (const std::string name : {"", "a.mp4", "../a.mp4", "/etc/a.mp4", "main/../../a.mp4", "main/.mp4", "main/a",
                                   "main/a.part", "main//a.mp4", "main/a/b.mp4", ".hidden/a.mp4", "main/.a.mp4",
                                   "-x/a.mp4", "main/a b.mp4", "main/a\n.mp4", "..//.mp4"}) {
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST(b.videos->path_of(name).empty());
            BOOST_TEST(!b.videos->claim(name));
            BOOST_TEST(!b.videos->remove(name));
            video_file video;
            video.name = name;
            BOOST_TEST(!b.videos->holds(video));
        }
    }
    BOOST_TEST(b.videos->path_of(std::string("main/a\0.mp4", 11)).empty());
}

BOOST_AUTO_TEST_CASE(it_holds_what_is_there_with_the_right_size) {
    bench b;
    b.put("main/a.mp4", 10);
    video_file video;
    video.name = "main/a.mp4";
    video.size = 10;
    BOOST_TEST(b.videos->holds(video));
    video.size = 11;
    BOOST_TEST(!b.videos->holds(video));
    video.name = "main/b.mp4";
    BOOST_TEST(!b.videos->holds(video));
    fs::create_symlink(b.settings.path / "main/a.mp4", b.settings.path / "main/b.mp4");
    video.size = 10;
    BOOST_TEST(!b.videos->holds(video));
}

BOOST_AUTO_TEST_CASE(all_files_count_against_max_bytes) {
    bench b;
    b.put("main/a.mp4", 300);
    b.put("main/b.part", 200);
    b.reopen();
    BOOST_TEST(b.videos->bytes() == 500U);
    BOOST_TEST(b.videos->room_for(500).has_value());
    BOOST_TEST(full(b.videos->room_for(501), "spool.max_bytes"));
    BOOST_TEST(full(b.videos->room_for(~std::uint64_t{0}), "spool.max_bytes"));
    BOOST_TEST(b.videos->remove("main/a.mp4").has_value());
    BOOST_TEST(b.videos->remove("main/a.mp4").has_value());
    BOOST_TEST(b.videos->bytes() == 200U);
    BOOST_TEST(b.videos->room_for(800).has_value());
}

BOOST_AUTO_TEST_CASE(min_free_is_kept_on_the_disk) {
    bench b(~std::uint64_t{0}, std::uint64_t{1} << 62);
    BOOST_TEST(full(b.videos->room_for(1), "spool.min_free"));
    bench roomy(~std::uint64_t{0}, 1);
    BOOST_TEST(roomy.videos->room_for(1).has_value());
    BOOST_TEST(full(roomy.videos->room_for(std::uint64_t{1} << 62), "spool.min_free"));
    auto claim = roomy.videos->claim("main/a.mp4");
    BOOST_REQUIRE(claim);
    BOOST_TEST(full((*claim)->extend(std::uint64_t{1} << 62), "spool.min_free"));
}

BOOST_AUTO_TEST_CASE(transfers_side_by_side_cannot_overshoot) {
    bench b;
    auto first = b.videos->claim("main/a.mp4");
    auto second = b.videos->claim("main/b.mp4");
    BOOST_REQUIRE((first && second));
    BOOST_TEST((*first)->extend(600).has_value());
    BOOST_TEST(full((*second)->extend(401), "spool.max_bytes"));
    BOOST_TEST((*second)->extend(400).has_value());
    BOOST_TEST(full(b.videos->room_for(1), "spool.max_bytes"));
    BOOST_TEST(b.videos->bytes() == 0U); // nothing came yet
    (*first)->on_disk(250);
    BOOST_TEST(b.videos->bytes() == 250U);
    first->reset();
    BOOST_TEST(b.videos->room_for(600).has_value());
    BOOST_TEST(b.videos->bytes() == 0U); // it left no file
}

BOOST_AUTO_TEST_CASE(what_a_transfer_leaves_counts_as_it_is) {
    bench b;
    {
        auto claim = b.videos->claim("main/a.mp4");
        BOOST_REQUIRE(claim);
        BOOST_TEST((*claim)->extend(900).has_value());
        b.put("main/a.part", 150);
    }
    BOOST_TEST(b.videos->bytes() == 150U);
    {
        auto claim = b.videos->claim("main/a.mp4"); // its own part needs no new room
        BOOST_REQUIRE(claim);
        BOOST_TEST((*claim)->extend(1000).has_value());
        BOOST_TEST(full((*claim)->extend(1001), "spool.max_bytes"));
        fs::rename(b.settings.path / "main/a.part", b.settings.path / "main/a.mp4");
    }
    BOOST_TEST(b.videos->bytes() == 150U);
}

BOOST_AUTO_TEST_CASE(a_name_has_one_transfer_at_a_time) {
    bench b;
    auto first = b.videos->claim("main/a.mp4");
    BOOST_REQUIRE(first);
    auto second = b.videos->claim("main/a.mp4");
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == errc::conflict));
    first->reset();
    BOOST_TEST(b.videos->claim("main/a.mp4").has_value());
}

BOOST_AUTO_TEST_CASE(sweeping_removes_what_nobody_needs_and_nothing_that_is_not_a_spools) {
    bench b;
    const auto kept = b.put("main/a.mp4", 10);
    const auto part = b.put("main/b.part", 20);
    const auto note = b.put("main/b.part.json", 5);
    const auto stray = b.put("main/c.mp4", 100);
    const auto stray_part = b.put("main/c.part", 100);
    const auto other = b.put("seedhook.db", 3);
    const auto deep = b.put("main/deeper/d.mp4", 3);
    const fs::path outside = b.folder.path() / "outside.mp4";
    std::ofstream(outside) << "keep me";
    fs::create_symlink(outside, b.settings.path / "main/link.mp4");
    fs::create_directory_symlink(b.folder.path(), b.settings.path / "linked");
    b.reopen();
    const auto swept = b.videos->sweep({"main/a.mp4", "main/b.mp4", "../outside.mp4"});
    BOOST_REQUIRE(swept);
    BOOST_TEST(*swept == 3U);
    BOOST_TEST((fs::exists(kept) && fs::exists(part) && fs::exists(note) && fs::exists(outside)));
    BOOST_TEST((!fs::exists(stray) && !fs::exists(stray_part)));
    BOOST_TEST((fs::exists(other) && fs::exists(deep)));
    BOOST_TEST(!fs::is_symlink(fs::symlink_status(b.settings.path / "main/link.mp4")));
    BOOST_TEST(b.videos->bytes() == 41U);
}

BOOST_AUTO_TEST_CASE(sweeping_leaves_running_transfers_alone) {
    bench b;
    auto claim = b.videos->claim("main/a.mp4");
    const auto part = b.put("main/a.part", 10);
    BOOST_TEST(b.videos->sweep({}).value() == 0U);
    BOOST_TEST(fs::exists(part));
    claim->reset();
    BOOST_TEST(b.videos->bytes() == 10U);
    BOOST_TEST(b.videos->sweep({}).value() == 1U);
    BOOST_TEST(b.videos->bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(what_has_come_of_a_transfer_is_told) {
    bench b;
    b.put("main/req_1.part", 123);
    b.put("main/req_2.mp4", 7);
    b.put("../main/req_1.part", 9); // beside the spool
    BOOST_TEST(b.videos->fetched("main/req_1.mp4").value() == 123U);
    BOOST_TEST(!b.videos->fetched("main/req_2.mp4"));
    BOOST_TEST(!b.videos->fetched("main/req_3.mp4"));
    BOOST_TEST(!b.videos->fetched("../main/req_1.mp4"));
}
