// What is special about the directory sink: names, conflicts, modes, links, leftovers.
#include "file_text.hpp"
#include "run_coroutine.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/sinks/directory.hpp"
#include "temp_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

using namespace seedhook;
using test::read_file;
using test::write_file;
using conflict_kind = config::directory_sink::conflict_kind;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& file) {
    struct stat seen {};
    BOOST_REQUIRE(::lstat(file.c_str(), &seen) == 0);
    return seen.st_mode & 07777;
}

struct bench {
    bench() {
        fs::create_directory(target);
        write_file(spooled, "content");
        settings.name = "library";
        settings.directory.emplace();
        settings.directory->path = target.string();
        what.sink = "library";
        what.id = delivery_id("main", "req_1", "library");
        what.of.source = "main";
        what.of.request_id = "req_1";
        what.of.status = task_status::succeeded;
        what.of.settled_at = time_point(std::chrono::seconds(1'795'345'200)); // 2026-11-22
        set_content("content");
    }
    ~bench() { disk.join(); }

    config::directory_sink& directory() { return *settings.directory; }

    void set_content(const std::string& content) {
        write_file(spooled, content);
        what.video = spooled;
        what.of.video.emplace();
        what.of.video->size = content.size();
        what.of.video->sha256 = crypto::to_hex(crypto::sha256_of(content));
        what.of.video->content_type = "video/mp4";
    }

    outcome deliver() {
        auto made = make_directory_sink(settings, disk);
        BOOST_REQUIRE(made);
        return test::run_coroutine((*made)->deliver(what));
    }
    outcome probe() {
        auto made = make_directory_sink(settings, disk);
        BOOST_REQUIRE(made);
        return test::run_coroutine((*made)->probe());
    }

    std::string where() {
        const outcome o = deliver();
        BOOST_REQUIRE(std::holds_alternative<done>(o));
        return std::get<done>(o).where;
    }

    // Everything below the target but the staging folder, as `name=content`, sorted.
    std::string listing() const {
        std::vector<std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(target)) {
            const std::string name = entry.path().lexically_relative(target).string();
            if (!name.starts_with(".seedhook-staging") && !entry.is_directory()) {
                all.push_back(name + "=" + (entry.is_symlink() ? "link" : read_file(entry.path())));
            }
        }
        std::sort(all.begin(), all.end());
        std::string joined;
        for (const std::string& one : all) {
            joined += (joined.empty() ? "" : " ") + one;
        }
        return joined;
    }

    bool nothing_staged() const {
        const fs::path staging = target / ".seedhook-staging";
        return !fs::exists(staging) || fs::is_empty(staging);
    }

    test::temp_folder folder;
    fs::path target = folder.path() / "videos";
    fs::path spooled = folder.path() / "spool/main/req_1.mp4";
    blocking_pool disk{1};
    config::sink settings;
    delivery what;
};

template <class Outcome>
bool stops_with(const outcome& o, std::string_view inside) {
    const auto* stop = std::get_if<Outcome>(&o);
    if (stop != nullptr) {
        BOOST_TEST_MESSAGE(stop->why);
    }
    return stop != nullptr && stop->why.find(inside) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_template_names_file_and_folders) {
    bench b;
    b.directory().file = "{source}/{date}/{requestId}.{ext}";
    BOOST_TEST(b.where() == (b.target / "main/2026-11-22/req_1.mp4").string());
    BOOST_TEST(b.listing() == "main/2026-11-22/req_1.mp4=content");
    BOOST_TEST(b.nothing_staged());
}

BOOST_AUTO_TEST_CASE(files_and_folders_get_the_mode_that_is_asked_for) {
    const mode_t before = ::umask(077); // must not matter
    {
        bench b;
        b.directory().file = "{date}/{requestId}.{ext}";
        b.directory().mode = 0664;
        b.directory().manifest = true;
        b.where();
        BOOST_TEST(mode_of(b.target / "2026-11-22/req_1.mp4") == 0664U);
        BOOST_TEST(mode_of(b.target / "2026-11-22/req_1.mp4.json") == 0664U);
        BOOST_TEST(mode_of(b.target / "2026-11-22") == 0775U);
    }
    ::umask(before);
}

BOOST_AUTO_TEST_CASE(files_get_the_owner_that_is_asked_for) {
    bench b;
    b.directory().owner = std::to_string(::geteuid());
    b.directory().group = std::to_string(::getegid());
    BOOST_TEST(!b.where().empty());
    if (::geteuid() == 0) {
        bench other;
        other.directory().owner = "12345";
        other.directory().group = "54321";
        const std::string file = other.where();
        struct stat seen {};
        BOOST_REQUIRE(::stat(file.c_str(), &seen) == 0);
        BOOST_TEST((seen.st_uid == 12345U && seen.st_gid == 54321U));
    }
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_work_are_refused) {
    const auto refused = [](auto change) {
        bench b;
        change(b.directory());
        auto made = make_directory_sink(b.settings, b.disk);
        return !made && made.error().code == errc::invalid;
    };
    BOOST_TEST(refused([](auto& d) { d.owner = "no-such-user-here"; }));
    BOOST_TEST(refused([](auto& d) { d.group = "no-such-group-here"; }));
    BOOST_TEST(refused([](auto& d) { d.owner = "4294967295"; }));
    BOOST_TEST(refused([](auto& d) { d.file = "{requestid}"; }));
    BOOST_TEST(refused([](auto& d) { d.file = "../{requestId}"; }));
    BOOST_TEST(refused([](auto& d) { d.file = ".seedhook-staging/{requestId}"; }));
}

BOOST_AUTO_TEST_CASE(the_same_content_is_not_written_twice) {
    bench b;
    const std::string first = b.where();
    struct stat before {};
    BOOST_REQUIRE(::stat(first.c_str(), &before) == 0);
    BOOST_TEST(b.where() == first);
    struct stat after {};
    BOOST_REQUIRE(::stat(first.c_str(), &after) == 0);
    BOOST_TEST(before.st_ino == after.st_ino);
    BOOST_TEST(b.listing() == "req_1.mp4=content");
}

BOOST_AUTO_TEST_CASE(other_content_makes_room_for_itself_under_rename) {
    bench b;
    write_file(b.target / "req_1.mp4", "theirs!");
    write_file(b.target / "req_1-2.mp4", "longer than ours");
    BOOST_TEST(b.where() == (b.target / "req_1-3.mp4").string());
    BOOST_TEST(b.where() == (b.target / "req_1-3.mp4").string());
    BOOST_TEST(b.listing() == "req_1-2.mp4=longer than ours req_1-3.mp4=content req_1.mp4=theirs!");
}

BOOST_AUTO_TEST_CASE(other_content_is_replaced_under_replace) {
    bench b;
    b.directory().on_conflict = conflict_kind::replace;
    b.directory().manifest = true;
    write_file(b.target / "req_1.mp4", "theirs!");
    write_file(b.target / "req_1.mp4.json", "theirs too");
    BOOST_TEST(b.where() == (b.target / "req_1.mp4").string());
    BOOST_TEST(read_file(b.target / "req_1.mp4") == "content");
    BOOST_TEST(read_file(b.target / "req_1.mp4.json").find(b.what.id) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_content_is_a_reason_to_reject_under_reject) {
    bench b;
    b.directory().on_conflict = conflict_kind::reject;
    write_file(b.target / "req_1.mp4", "theirs!");
    BOOST_TEST(stops_with<rejected>(b.deliver(), "req_1.mp4"));
    BOOST_TEST(b.listing() == "req_1.mp4=theirs!");
    write_file(b.target / "req_1.mp4", "content");
    BOOST_TEST(std::holds_alternative<done>(b.deliver()));
    b.directory().manifest = true;
    write_file(b.target / "req_1.mp4.json", "{}");
    BOOST_TEST(stops_with<rejected>(b.deliver(), "req_1.mp4.json"));
}

BOOST_AUTO_TEST_CASE(a_link_at_the_final_name_is_not_followed) {
    for (const auto policy : {conflict_kind::rename, conflict_kind::replace, conflict_kind::reject}) {
        bench b;
        b.directory().on_conflict = policy;
        const fs::path precious = b.folder.path() / "precious";
        write_file(precious, "content"); // even with the same content it is not ours
        fs::create_symlink(precious, b.target / "req_1.mp4");
        const outcome o = b.deliver();
        BOOST_TEST(fs::is_regular_file(fs::symlink_status(precious)));
        BOOST_TEST(read_file(precious) == "content");
        if (policy == conflict_kind::rename) {
            BOOST_TEST(b.listing() == "req_1-2.mp4=content req_1.mp4=link");
        } else if (policy == conflict_kind::replace) {
            BOOST_TEST(b.listing() == "req_1.mp4=content");
        } else {
            BOOST_TEST(std::holds_alternative<rejected>(o));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_link_planted_for_a_folder_leads_nowhere) {
    bench b;
    b.directory().file = "{source}/{date}/{requestId}.{ext}";
    fs::create_directory(b.folder.path() / "outside");
    fs::create_directory_symlink(b.folder.path() / "outside", b.target / "main");
    BOOST_TEST(stops_with<blocked>(b.deliver(), "symbolic link"));
    BOOST_TEST(fs::is_empty(b.folder.path() / "outside"));
    fs::remove(b.target / "main");
    BOOST_TEST(std::holds_alternative<done>(b.deliver()));
}

BOOST_AUTO_TEST_CASE(links_planted_for_the_staging_lead_nowhere) {
    bench b;
    const fs::path outside = b.folder.path() / "outside";
    write_file(outside / "precious", "precious");
    fs::create_directory_symlink(outside, b.target / ".seedhook-staging");
    BOOST_TEST(!std::holds_alternative<done>(b.deliver()));
    fs::remove(b.target / ".seedhook-staging");
    fs::create_directory(b.target / ".seedhook-staging");
    fs::create_symlink(outside / "precious", b.target / ".seedhook-staging" / b.what.id);
    BOOST_TEST(!std::holds_alternative<done>(b.deliver()));
    BOOST_TEST(read_file(outside / "precious") == "precious");
    BOOST_TEST(std::distance(fs::directory_iterator(outside), {}) == 1);
}

BOOST_AUTO_TEST_CASE(the_sinks_path_itself_may_be_a_link) {
    bench b;
    fs::create_directory_symlink(b.target, b.folder.path() / "link");
    b.directory().path = (b.folder.path() / "link").string();
    BOOST_TEST(b.where() == (b.folder.path() / "link/req_1.mp4").string());
    BOOST_TEST(b.listing() == "req_1.mp4=content");
}

BOOST_AUTO_TEST_CASE(a_missing_root_is_not_made) {
    bench b;
    fs::remove_all(b.target);
    BOOST_TEST(stops_with<blocked>(b.deliver(), b.target.string()));
    BOOST_TEST(stops_with<blocked>(b.probe(), "not mounted"));
    BOOST_TEST(!fs::exists(b.target));
    write_file(b.target, "a file");
    BOOST_TEST(stops_with<blocked>(b.deliver(), b.target.string()));
}

BOOST_AUTO_TEST_CASE(a_file_where_a_folder_should_be_blocks) {
    bench b;
    b.directory().file = "{source}/{requestId}.{ext}";
    write_file(b.target / "main", "a file");
    BOOST_TEST(stops_with<blocked>(b.deliver(), (b.target / "main").string()));
}

BOOST_AUTO_TEST_CASE(a_folder_under_the_final_name_is_in_the_way) {
    bench b;
    fs::create_directory(b.target / "req_1.mp4");
    BOOST_TEST(b.where() == (b.target / "req_1-2.mp4").string());
    b.directory().on_conflict = conflict_kind::replace;
    BOOST_TEST(stops_with<blocked>(b.deliver(), "folder is in the way"));
}

BOOST_AUTO_TEST_CASE(a_fifo_under_the_final_name_is_not_waited_for) {
    bench b;
    BOOST_REQUIRE(::mkfifo((b.target / "req_1.mp4").c_str(), 0600) == 0);
    BOOST_REQUIRE(::mkfifo((b.target / "req_1-2.mp4.json").c_str(), 0600) == 0);
    b.directory().manifest = true;
    BOOST_TEST(b.where() == (b.target / "req_1-3.mp4").string());
}

BOOST_AUTO_TEST_CASE(the_manifest_is_the_delivery_document) {
    bench b;
    b.directory().manifest = true;
    const std::string file = b.where();
    const std::string manifest = read_file(file + ".json");
    BOOST_TEST(manifest == delivery_document(b.what, fs::path(file)));
    b.what.attempt = 2;
    BOOST_TEST(b.where() == file);
    BOOST_TEST(read_file(file + ".json") == manifest); // nothing new to say
    b.what.of.model = "learnt meanwhile";
    BOOST_TEST(b.where() == file);
    BOOST_TEST(read_file(file + ".json").find("learnt meanwhile") != std::string::npos);
    BOOST_TEST(b.nothing_staged());
}

BOOST_AUTO_TEST_CASE(a_foreign_manifest_moves_the_pair) {
    bench b;
    b.directory().manifest = true;
    write_file(b.target / "req_1.mp4.json", "{\"deliveryId\":\"dlv_other\"}");
    BOOST_TEST(b.where() == (b.target / "req_1-2.mp4").string());
    BOOST_TEST(fs::exists(b.target / "req_1-2.mp4.json"));
    BOOST_TEST(read_file(b.target / "req_1.mp4.json") == "{\"deliveryId\":\"dlv_other\"}");
    BOOST_TEST(!fs::exists(b.target / "req_1.mp4"));
}

BOOST_AUTO_TEST_CASE(a_manifest_lost_in_a_crash_is_written_later) {
    bench b;
    b.directory().manifest = true;
    write_file(b.target / "req_1.mp4", "content");
    BOOST_TEST(b.where() == (b.target / "req_1.mp4").string());
    BOOST_TEST(fs::exists(b.target / "req_1.mp4.json"));
}

BOOST_AUTO_TEST_CASE(a_task_without_a_video_leaves_its_manifest_whatever_is_configured) {
    bench b;
    b.what.of.status = task_status::failed;
    b.what.of.video.reset();
    b.what.video.reset();
    BOOST_TEST(b.where() == (b.target / "req_1.mp4.json").string());
    BOOST_TEST(b.where() == (b.target / "req_1.mp4.json").string());
    const auto document = boost::json::parse(read_file(b.target / "req_1.mp4.json"));
    BOOST_TEST(document.at("status").as_string() == "failed");
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_of_the_same_delivery_is_overwritten) {
    bench b;
    write_file(b.target / ".seedhook-staging" / b.what.id,
               "the first half of something long, of which nothing may stay");
    BOOST_TEST(b.where() == (b.target / "req_1.mp4").string());
    BOOST_TEST(b.listing() == "req_1.mp4=content");
    BOOST_TEST(b.nothing_staged());
}

BOOST_AUTO_TEST_CASE(old_leftovers_go_with_the_first_delivery) {
    bench b;
    const fs::path old = b.target / ".seedhook-staging/dlv_old";
    const fs::path young = b.target / ".seedhook-staging/dlv_young";
    write_file(old, "x");
    write_file(young, "x");
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(25));
    b.where();
    BOOST_TEST((!fs::exists(old) && fs::exists(young)));
}

BOOST_AUTO_TEST_CASE(long_names_leave_room_for_number_and_manifest) {
    bench b;
    b.directory().manifest = true;
    b.directory().file = "{requestId}" + std::string(200, 'x') + ".mp4";
    b.what.of.request_id = std::string(128, 'y');
    const fs::path first = b.where();
    BOOST_TEST((fs::exists(first) && fs::exists(first.string() + ".json")));
    b.set_content("another");
    b.what.id = delivery_id("main", "other", "library");
    const fs::path second = b.where();
    BOOST_TEST(second != first);
    BOOST_TEST((fs::exists(second) && fs::exists(second.string() + ".json")));
}

BOOST_AUTO_TEST_CASE(a_delivery_id_that_is_no_name_is_rejected) {
    for (const char* id : {"", "..", "a/b", "../x"}) {
        bench b;
        b.what.id = id;
        BOOST_TEST(std::holds_alternative<rejected>(b.deliver()));
    }
}

BOOST_AUTO_TEST_CASE(without_links_a_change_to_the_delivered_file_does_not_reach_the_spool) {
    bench b;
    b.directory().link = false;
    write_file(b.where(), "edited in place");
    BOOST_TEST(read_file(b.spooled) == "content");
}

BOOST_AUTO_TEST_CASE(a_probe_leaves_no_trace) {
    bench b;
    BOOST_TEST(std::holds_alternative<done>(b.probe()));
    BOOST_TEST(fs::is_empty(b.target));
}
