// Deliveries that share the spool's file: when they may, and that nobody is harmed by it.
#include "file_text.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "sinks/placement.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>
#include <vector>

using namespace seedhook;
using test::read_file;
using test::write_file;
namespace fs = std::filesystem;

namespace {

struct stat look(const fs::path& file) {
    struct stat seen {};
    BOOST_REQUIRE(::lstat(file.c_str(), &seen) == 0);
    return seen;
}

bool same_file(const fs::path& a, const fs::path& b) { return look(a).st_ino == look(b).st_ino; }
unsigned mode_of(const fs::path& file) { return look(file).st_mode & 07777; }

ownership readable_by(mode_t mode) {
    ownership who;
    who.mode = mode;
    return who;
}

// A video in the spool and the folder of a sink.
struct bench {
    bench() {
        write_file(spooled, "content");
        fs::permissions(spooled, fs::perms(0600));
        fs::create_directory(target);
        root = unique_fd(::open(target.c_str(), O_RDONLY | O_DIRECTORY));
        video = unique_fd(::open(spooled.c_str(), O_RDONLY));
    }

    staged_file stage() {
        auto staged = staged_file::create(root.get(), target, "dlv_1");
        BOOST_REQUIRE(staged);
        return std::move(*staged);
    }

    // Whether it could be a link; then it is delivered under `name`.
    bool link(const ownership& who, const std::string& name = "req_1.mp4") {
        staged_file staged = stage();
        if (!staged.link(video.get(), spooled.parent_path(), who)) {
            return false;
        }
        BOOST_TEST(staged.seal(who).has_value());
        BOOST_TEST(staged.place(root.get(), name, false) == 0);
        BOOST_TEST(same_file(spooled, target / name));
        return true;
    }

    bool nothing_staged() const { return fs::is_empty(target / staging_folder); }

    test::temp_folder folder;
    fs::path target = folder.path() / "videos";
    fs::path spooled = folder.path() / "spool/main/req_1.mp4";
    unique_fd root;
    unique_fd video;
};

// The whole delivery. On a file system that knows reflinks it makes one, and no link.
struct delivery_bench : bench {
    delivery_bench() {
        what.sink = "library";
        what.id = delivery_id("main", "req_1", "library");
        what.video = spooled;
        what.of.source = "main";
        what.of.request_id = "req_1";
        what.of.status = task_status::succeeded;
        what.of.video.emplace();
        what.of.video->size = 7;
        what.of.video->sha256 = crypto::to_hex(crypto::sha256_of("content"));
        what.of.video->content_type = "video/mp4";
        rules.root = target;
        rules.file = *path_template::parse("{requestId}.{ext}");
    }

    void deliver() const { BOOST_REQUIRE(deliver(what, rules)); }
    static bool deliver(const delivery& one, const directory_rules& into) {
        placement work(std::make_shared<const directory_rules>(into), one);
        std::optional<outcome> end;
        while (!end) {
            end = work.step();
        }
        return std::holds_alternative<done>(*end);
    }

    bool can_clone() { return stage().clone(video.get()); }

    fs::path delivered() const { return target / "req_1.mp4"; }

    directory_rules rules;
    delivery what;
};

// Files that are made in `folder` then have an access list. False where the file system knows none.
bool give_access_list(const fs::path& folder) {
    struct entry {
        std::uint16_t tag, permissions;
        std::uint32_t id;
    };
    struct {
        std::uint32_t version = 2;
        std::array<entry, 5> entries{{{0x01, 7, ~0U}, {0x02, 4, 12345}, {0x04, 4, ~0U}, {0x10, 4, ~0U}, {0x20, 0, ~0U}}};
    } list;
    return ::setxattr(folder.c_str(), "system.posix_acl_default", &list, sizeof list, 0) == 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_link_is_the_spools_file_with_the_mode_that_is_asked_for) {
    for (const mode_t mode : {0640, 0600, 0444, 0755}) {
        bench b;
        BOOST_TEST(b.link(readable_by(mode)));
        BOOST_TEST(mode_of(b.target / "req_1.mp4") == mode);
        BOOST_TEST(look(b.spooled).st_nlink == 2U);
        BOOST_TEST(b.nothing_staged());
        BOOST_TEST(read_file(b.spooled) == "content");
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_others_could_change_is_not_linked) {
    for (const mode_t mode : {0660, 0620, 0602, 0666, 0040}) { // nor one that we could not read any more
        bench b;
        BOOST_TEST(!b.link(readable_by(mode)));
        BOOST_TEST(mode_of(b.spooled) == 0600U);
        BOOST_TEST(b.nothing_staged());
    }
}

BOOST_AUTO_TEST_CASE(a_file_for_another_owner_is_not_linked) {
    bench b;
    ownership who;
    who.owner = ::geteuid() + 1;
    BOOST_TEST(!b.link(who));
    who.owner = ::geteuid();
    BOOST_TEST(b.link(who));
}

BOOST_AUTO_TEST_CASE(a_file_of_another_owner_is_not_linked) {
    bench b;
    if (::geteuid() == 0) {
        BOOST_REQUIRE(::chown(b.spooled.c_str(), 12345, static_cast<gid_t>(-1)) == 0);
        BOOST_TEST(!b.link(ownership()));
        ownership theirs;
        theirs.owner = 12345;
        BOOST_TEST(!b.link(theirs));
        BOOST_TEST(mode_of(b.spooled) == 0600U);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_shared_is_not_changed_for_another) {
    bench b;
    BOOST_TEST(b.link(readable_by(0640), "first"));
    BOOST_TEST(!b.link(readable_by(0600), "second"));
    BOOST_TEST(mode_of(b.target / "first") == 0640U);
    BOOST_TEST(b.link(readable_by(0640), "third"));
    fs::remove(b.target / "first");
    fs::remove(b.target / "third");
    BOOST_TEST(b.link(readable_by(0600), "second"));
    if (::geteuid() == 0) {
        ownership others = readable_by(0600);
        others.group = 54321;
        BOOST_TEST(!b.link(others, "fourth"));
        BOOST_TEST(look(b.target / "second").st_gid != 54321U);
        fs::remove(b.target / "second");
        BOOST_TEST(b.link(others, "fourth"));
        BOOST_TEST(look(b.target / "fourth").st_gid == 54321U);
    }
}

BOOST_AUTO_TEST_CASE(a_link_has_the_group_that_a_file_made_there_would_have) {
    bench b;
    if (::geteuid() == 0) {
        BOOST_REQUIRE(::chown(b.target.c_str(), static_cast<uid_t>(-1), 54321) == 0);
        BOOST_REQUIRE(::chmod(b.target.c_str(), 02770) == 0);
        BOOST_TEST(b.link(ownership(), "first"));
        BOOST_TEST(look(b.target / "first").st_gid == 54321U);
        BOOST_REQUIRE(::chown(b.target.c_str(), static_cast<uid_t>(-1), 54322) == 0);
        fs::remove(b.target / staging_folder);
        BOOST_TEST(!b.link(ownership(), "second"));
        BOOST_TEST(look(b.target / "first").st_gid == 54321U);
    }
}

BOOST_AUTO_TEST_CASE(where_files_get_an_access_list_they_are_not_linked) {
    bench b;
    if (give_access_list(b.target)) {
        BOOST_TEST(!b.link(ownership()));
    }
    bench other;
    if (give_access_list(other.spooled.parent_path())) {
        fs::copy_file(other.spooled, other.spooled.parent_path() / "made");
        other.video = unique_fd(::open((other.spooled.parent_path() / "made").c_str(), O_RDONLY));
        BOOST_TEST(!other.link(ownership()));
    }
}

BOOST_AUTO_TEST_CASE(a_file_of_another_file_system_is_not_linked) {
    bench b;
    b.video = unique_fd(::memfd_create("elsewhere", 0));
    BOOST_TEST(!b.link(readable_by(0600)));
    struct stat seen {};
    BOOST_REQUIRE(::fstat(b.video.get(), &seen) == 0);
    BOOST_TEST((seen.st_mode & 0777) == 0777U); // as it was
    BOOST_TEST(b.nothing_staged());
}

BOOST_AUTO_TEST_CASE(a_link_that_was_not_placed_goes_and_the_video_stays) {
    bench b;
    {
        staged_file staged = b.stage();
        BOOST_REQUIRE(staged.link(b.video.get(), b.spooled.parent_path(), ownership()));
        BOOST_TEST(look(b.spooled).st_nlink == 2U);
        write_file(b.target / "taken", "theirs");
        BOOST_TEST(staged.place(b.root.get(), "taken", false) == EEXIST);
    }
    BOOST_TEST(b.nothing_staged());
    BOOST_TEST(look(b.spooled).st_nlink == 1U);
    BOOST_TEST(read_file(b.spooled) == "content");
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_linked_is_never_written_to) {
    for (const char* name : {"dlv_1", "dlv_1.link"}) {
        bench b;
        fs::create_directory(b.target / staging_folder);
        fs::create_hard_link(b.spooled, b.target / staging_folder / name);
        auto staged = b.stage();
        BOOST_TEST(look(b.spooled).st_nlink == 1U);
        BOOST_TEST(staged.write("something else").has_value());
        BOOST_TEST(read_file(b.spooled) == "content");
    }
}

BOOST_AUTO_TEST_CASE(a_link_is_swept_once_nobody_shares_it_however_old_the_video) {
    bench b;
    const fs::path left = b.target / staging_folder / "dlv_1.link";
    fs::create_directory(b.target / staging_folder);
    fs::create_hard_link(b.spooled, left);
    fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(48));
    sweep_staging(b.target);
    BOOST_TEST(fs::exists(left)); // it may be on its way
    fs::remove(b.spooled);
    sweep_staging(b.target);
    BOOST_TEST(!fs::exists(left));
}

BOOST_AUTO_TEST_CASE(a_delivery_shares_the_spools_file_where_it_may) {
    delivery_bench b;
    const bool clones = b.can_clone();
    b.deliver();
    BOOST_TEST(same_file(b.spooled, b.delivered()) == !clones);
    BOOST_TEST(mode_of(b.delivered()) == 0640U);
    BOOST_TEST(b.nothing_staged());
    BOOST_TEST(!fs::exists(b.delivered().string() + ".json"));
}

BOOST_AUTO_TEST_CASE(a_delivery_is_a_copy_where_it_may_not_share) {
    for (const mode_t mode : {0640, 0660}) {
        delivery_bench b;
        b.rules.link = mode == 0660;
        b.rules.who.mode = mode;
        b.deliver();
        BOOST_TEST(!same_file(b.spooled, b.delivered()));
        BOOST_TEST(mode_of(b.spooled) == 0600U);
        BOOST_TEST(mode_of(b.delivered()) == mode);
        BOOST_TEST(read_file(b.delivered()) == "content");
    }
}

BOOST_AUTO_TEST_CASE(neither_the_spool_nor_the_receiver_loses_what_the_other_removes) {
    delivery_bench b;
    b.deliver();
    fs::remove(b.delivered());
    BOOST_TEST(read_file(b.spooled) == "content");
    b.deliver();
    fs::remove(b.spooled);
    BOOST_TEST(read_file(b.delivered()) == "content");
}

// In threads of their own, as two sinks' deliveries are; whoever comes second copies.
BOOST_AUTO_TEST_CASE(sinks_with_different_modes_each_get_their_own) {
    for (int round = 0; round < 100; ++round) {
        delivery_bench b;
        const std::vector<mode_t> modes{0640, 0600, 0444, 0644};
        std::vector<std::thread> sinks;
        for (const mode_t mode : modes) {
            delivery what = b.what;
            what.sink = "sink-" + std::to_string(mode);
            what.id = delivery_id("main", "req_1", what.sink);
            directory_rules rules = b.rules;
            rules.who.mode = mode;
            rules.root = b.target / what.sink;
            fs::create_directory(rules.root);
            sinks.emplace_back([what, rules] { delivery_bench::deliver(what, rules); });
        }
        for (std::thread& sink : sinks) {
            sink.join();
        }
        for (const mode_t mode : modes) {
            const fs::path file = b.target / ("sink-" + std::to_string(mode)) / "req_1.mp4";
            BOOST_TEST(mode_of(file) == mode);
            BOOST_TEST(read_file(file) == "content");
        }
    }
}
