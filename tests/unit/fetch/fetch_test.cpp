// One attempt of the fetch handler, from nothing.
#include "fetch_bench.hpp"

#include <sys/stat.h>

using namespace seedhook;
using namespace seedhook::test;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_CASE(a_video_comes_whole_into_the_spool) {
    fetch_bench b;
    const std::string video = whole_mp4();
    b.will_send(video).piece = 7;
    b.expect_video(b.run(), video);
    BOOST_REQUIRE(b.client.asked.size() == 1U);
    BOOST_TEST(b.client.asked[0].url == b.work.of.video_url);
    BOOST_TEST(field_of(b.client.asked[0], "Accept-Encoding") == "identity");
    BOOST_TEST(field_of(b.client.asked[0], "Range").empty());
    struct stat seen {};
    BOOST_REQUIRE(::stat(b.whole().c_str(), &seen) == 0);
    BOOST_TEST((seen.st_mode & 0777) == 0600U);
    BOOST_REQUIRE(::stat(b.whole().parent_path().c_str(), &seen) == 0);
    BOOST_TEST((seen.st_mode & 0777) == 0700U);
    BOOST_TEST(b.counts->exposition().find("fetch_bytes_total " + std::to_string(video.size())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_video_of_many_buffers_comes_in_order) {
    fetch_bench b;
    const std::string video = whole_mp4(5 * 1024 * 1024 + 12345);
    b.will_send(video).piece = 65521;
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_body_of_unknown_length_is_taken_when_its_boxes_add_up) {
    fetch_bench b;
    const std::string video = whole_mp4(3 * 1024 * 1024);
    b.will_answer().body = video;
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_body_of_unknown_length_that_is_cut_is_not_taken) {
    fetch_bench b;
    b.will_answer().body = whole_mp4().substr(0, 900);
    BOOST_TEST(says(b.run(), "again", "cut off"));
    BOOST_TEST(b.no_part_left());
}

BOOST_AUTO_TEST_CASE(a_web_page_is_not_taken) {
    fetch_bench b;
    scripted_answer& page = b.will_send("<!DOCTYPE html><html><body>Please log in</body></html>");
    page.fields[1].second = "text/html; charset=utf-8";
    BOOST_TEST(says(b.run(), "again", "text/html"));
    BOOST_TEST(b.no_part_left());
    BOOST_TEST(!fs::exists(b.whole()));
    BOOST_TEST(b.videos->bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_long_web_page_is_broken_off) {
    fetch_bench b;
    b.will_send("<!DOCTYPE html>" + std::string(64 * 1024 * 1024, ' '));
    BOOST_TEST(says(b.run(), "again", "not an MP4"));
    BOOST_TEST(b.no_part_left());
    const std::string counted = b.counts->exposition();
    BOOST_TEST(counted.find("fetch_bytes_total 6710") == std::string::npos); // not all of it was taken
}

BOOST_AUTO_TEST_CASE(an_empty_body_is_not_taken) {
    for (const auto check : {config::fetch::check_kind::mp4, config::fetch::check_kind::none}) {
        fetch_bench b;
        b.settings.check = check;
        b.will_send("");
        BOOST_TEST(says(b.run(), "again", "empty"));
        BOOST_TEST(b.no_part_left());
    }
}

BOOST_AUTO_TEST_CASE(without_a_check_any_bytes_will_do) {
    fetch_bench b;
    b.settings.check = config::fetch::check_kind::none;
    b.will_send("no boxes at all");
    b.expect_video(b.run(), "no boxes at all");
}

BOOST_AUTO_TEST_CASE(a_truncated_file_of_the_right_length_is_not_taken) {
    fetch_bench b;
    b.will_send(whole_mp4().substr(0, 700));
    BOOST_TEST(says(b.run(), "again", "cut off"));
}

BOOST_AUTO_TEST_CASE(a_video_over_the_limit_is_rejected) {
    fetch_bench b;
    b.settings.max_bytes = 1000;
    b.will_send(whole_mp4());
    BOOST_TEST(says(b.run(), "rejected", "fetch.max_bytes = 1000"));
    b.will_answer().body = whole_mp4(); // its length is not announced
    BOOST_TEST(says(b.run(), "rejected", "fetch.max_bytes = 1000"));
    BOOST_TEST(b.no_part_left());
    BOOST_TEST(b.videos->bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(more_than_was_announced_is_not_taken) {
    fetch_bench b;
    scripted_answer& a = b.will_send(whole_mp4());
    a.body += "more";
    BOOST_TEST(says(b.run(), "again", "more than it had announced"));
    BOOST_TEST(b.no_part_left());
}

BOOST_AUTO_TEST_CASE(less_than_was_announced_is_not_taken) {
    fetch_bench b;
    scripted_answer& a = b.will_send(whole_mp4());
    a.body.resize(600); // and the client did not notice
    BOOST_TEST(says(b.run(), "again", "then stopped"));
    BOOST_TEST(!fs::exists(b.whole()));
    BOOST_TEST(fs::file_size(b.part()) == 600U);
}

BOOST_AUTO_TEST_CASE(a_full_spool_blocks_without_a_request) {
    fetch_bench b(100);
    write_file(b.room.path / "main/other.mp4", std::string(100, 'x'));
    b.restart();
    BOOST_TEST(says(b.run(), "blocked", "spool.max_bytes"));
    BOOST_TEST(b.client.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_video_that_does_not_fit_blocks) {
    fetch_bench b(1000);
    b.will_send(whole_mp4());
    BOOST_TEST(says(b.run(), "blocked", "spool.max_bytes"));
    b.will_answer().body = whole_mp4(); // its length is not announced
    BOOST_TEST(says(b.run(), "blocked", "spool.max_bytes"));
    BOOST_TEST(b.no_part_left());
    BOOST_TEST(b.videos->bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_spool_that_cannot_be_written_blocks) {
    fetch_bench b;
    write_file(b.room.path / "main", "a file where the source's folder should be");
    BOOST_TEST(says(b.run(), "blocked"));
    BOOST_TEST(b.client.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_link_planted_for_the_part_is_not_followed) {
    fetch_bench b;
    const fs::path precious = b.folder.path() / "precious";
    write_file(precious, "precious");
    fs::create_directories(b.part().parent_path());
    fs::create_symlink(precious, b.part());
    BOOST_TEST(!std::holds_alternative<done>(b.run()));
    BOOST_TEST(read_file(precious) == "precious");
}

BOOST_AUTO_TEST_CASE(a_task_without_a_url_waits) {
    fetch_bench b;
    b.work.of.video_url.clear();
    BOOST_TEST(says(b.run(), "again", "no URL"));
}

BOOST_AUTO_TEST_CASE(names_that_would_leave_the_spool_are_rejected) {
    for (const std::string source : {"..", "", "a/b", ".x"}) {
        fetch_bench b;
        b.work.of.source = source;
        BOOST_TEST(says(b.run(), "rejected"));
    }
}

BOOST_AUTO_TEST_CASE(what_the_client_says_becomes_the_outcome) {
    fetch_bench b;
    b.will_answer().before = error(errc::refused, "videos.example: the address 10.0.0.1 is not allowed");
    BOOST_TEST(says(b.run(), "rejected", "10.0.0.1"));
    b.will_answer().before = error(errc::network, "videos.example: connection refused");
    BOOST_TEST(says(b.run(), "again", "connection refused"));
    b.will_answer(404);
    BOOST_TEST(says(b.run(), "again", "404"));
    b.will_answer(429).fields = {{"Retry-After", "7"}};
    const outcome busy = b.run();
    BOOST_TEST(says(busy, "again", "429"));
    BOOST_TEST((std::get<again>(busy).after == std::chrono::seconds(7)));
    b.will_answer(400);
    BOOST_TEST(says(b.run(), "rejected", "400"));
    BOOST_TEST(b.no_part_left());
}

BOOST_AUTO_TEST_CASE(a_video_that_is_there_already_is_not_fetched_again) {
    fetch_bench b;
    const std::string video = whole_mp4(20 * 1024 * 1024);
    write_file(b.whole(), video);
    b.restart();
    b.work.of.video_url.clear();
    b.expect_video(b.run(), video);
    BOOST_TEST(b.client.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_broken_video_that_is_there_is_fetched_again) {
    fetch_bench b;
    const std::string video = whole_mp4();
    write_file(b.whole(), video.substr(0, 500));
    b.restart();
    b.will_send(video);
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_second_transfer_of_the_same_task_steps_back) {
    fetch_bench b;
    auto other = b.videos->claim("main/req_1.mp4");
    BOOST_REQUIRE(other);
    BOOST_TEST(says(b.run(), "again", "under way"));
    BOOST_TEST(b.client.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_cancelled_fetch_is_interrupted_and_leaves_nothing_it_cannot_resume) {
    fetch_bench b;
    scripted_answer& a = b.will_answer();
    a.body = whole_mp4().substr(0, 700);
    a.then_hang = [&] { b.stop.emit(asio::cancellation_type::total); };
    BOOST_TEST(says(b.run(), "interrupted"));
    BOOST_TEST(b.no_part_left());
    BOOST_TEST(!fs::exists(b.whole()));
}
