// The fetch handler going on with what an earlier attempt left.
#include "fetch/note.hpp"
#include "fetch_bench.hpp"

using namespace seedhook;
using namespace seedhook::test;
namespace fs = std::filesystem;

namespace {

const std::string video = whole_mp4(3 * 1024 * 1024);
constexpr std::size_t middle = 2 * 1024 * 1024 + 77;

// A bench whose first attempt broke off in the middle.
struct broken_off : fetch_bench {
    broken_off() {
        will_break_off(video, middle);
        BOOST_TEST(says(run(), "again", "ended before its length"));
        BOOST_TEST(fs::file_size(part()) == middle);
        BOOST_TEST(videos->bytes() >= middle);
        client.asked.clear();
        restart();
    }

    std::string range_asked(std::size_t request = 0) const { return field_of(client.asked.at(request), "Range"); }
};

const std::string rest = "bytes=" + std::to_string(middle) + "-";

} // namespace

BOOST_AUTO_TEST_CASE(a_transfer_resumes_after_a_restart) {
    broken_off b;
    b.will_send_rest(video, middle);
    b.expect_video(b.run(), video);
    BOOST_TEST(b.range_asked() == rest);
    BOOST_TEST(field_of(b.client.asked[0], "If-Range") == "\"v1\"");
}

BOOST_AUTO_TEST_CASE(a_transfer_resumes_as_often_as_it_takes) {
    broken_off b;
    const std::size_t later = middle + 500000;
    scripted_answer& a = b.will_send_rest(video, middle);
    a.body.resize(later - middle);
    a.after = error(errc::network, "videos.example: reset");
    BOOST_TEST(says(b.run(), "again", "reset"));
    BOOST_TEST(fs::file_size(b.part()) == later);
    b.will_send_rest(video, later);
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_cancelled_transfer_resumes) {
    fetch_bench b;
    scripted_answer& a = b.will_send(video);
    a.body.resize(middle);
    a.then_hang = [&] { b.stop.emit(asio::cancellation_type::terminal); };
    BOOST_TEST(says(b.run(), "interrupted"));
    BOOST_TEST(fs::file_size(b.part()) == middle);
    b.restart();
    b.will_send_rest(video, middle);
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_fresh_url_of_the_same_file_resumes) {
    broken_off b;
    b.work.of.video_url = "https://cdn.example/v/req_1.mp4?signature=other";
    b.will_send_rest(video, middle);
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(the_signature_of_the_url_is_nowhere_in_the_note) {
    broken_off b;
    BOOST_TEST(read_file(b.note()).find("secret") == std::string::npos);
    BOOST_TEST(read_file(b.note()).find("videos.example") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(another_file_starts_from_nothing) {
    broken_off b;
    b.work.of.video_url = "https://videos.example/v/other.mp4";
    b.will_send(video);
    b.expect_video(b.run(), video);
    BOOST_TEST(b.range_asked().empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_changed_meanwhile_replaces_the_part) {
    broken_off b;
    const std::string changed = whole_mp4(1000, 'z');
    b.will_send(changed).fields[2].second = "\"v2\"";
    b.expect_video(b.run(), changed);
    BOOST_TEST(b.range_asked() == rest);
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_like_the_range_is_asked_for_the_whole_at_once) {
    for (const bool wrong_range : {false, true}) {
        broken_off b;
        if (wrong_range) {
            b.will_send_rest(video, middle - 1);
        } else {
            b.will_answer(416);
        }
        b.will_send(video);
        b.expect_video(b.run(), video);
        BOOST_TEST(b.range_asked(0) == rest);
        BOOST_TEST(b.range_asked(1).empty());
    }
}

BOOST_AUTO_TEST_CASE(a_passing_fault_keeps_the_part) {
    broken_off b;
    b.will_answer(503);
    BOOST_TEST(says(b.run(), "again", "503"));
    b.will_answer().before = error(errc::timed_out, "videos.example: no answer");
    BOOST_TEST(says(b.run(), "again", "no answer"));
    BOOST_TEST(fs::file_size(b.part()) == middle);
    b.will_send_rest(video, middle);
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_part_without_a_validator_is_not_kept) {
    fetch_bench b;
    b.will_break_off(video, middle).fields.pop_back();
    BOOST_TEST(says(b.run(), "again"));
    BOOST_TEST(b.no_part_left());
    BOOST_TEST(b.videos->bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_part_that_is_complete_needs_no_request) {
    broken_off b;
    write_file(b.part(), video);
    b.restart();
    b.expect_video(b.run(), video);
    BOOST_TEST(b.client.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_part_longer_than_the_file_is_dropped) {
    broken_off b;
    write_file(b.part(), video + "more");
    b.restart();
    b.will_send(video);
    b.expect_video(b.run(), video);
    BOOST_TEST(b.range_asked().empty());
}

BOOST_AUTO_TEST_CASE(a_part_with_other_bytes_is_found_out) {
    broken_off b;
    write_file(b.part(), std::string(middle, 'x'));
    b.restart();
    b.will_send(video);
    b.expect_video(b.run(), video);
    BOOST_TEST(b.range_asked().empty());
}

BOOST_AUTO_TEST_CASE(parts_that_do_not_add_up_are_fetched_anew) {
    broken_off b;
    std::string bad = video;
    bad.resize(bad.size() - 4);
    write_file(b.note(), read_file(b.note()).replace(read_file(b.note()).find("\"total\":"), 8, "\"wrong\":"));
    b.will_send_rest(bad, middle);
    BOOST_TEST(says(b.run(), "again", "cut off"));
    BOOST_TEST(b.no_part_left());
    b.will_send(video);
    b.expect_video(b.run(), video);
}

BOOST_AUTO_TEST_CASE(a_broken_note_means_from_nothing) {
    for (const char* text : {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"url\":5,\"validator\":{}}"}) {
        broken_off b;
        write_file(b.note(), text);
        b.restart();
        b.will_send(video);
        b.expect_video(b.run(), video);
        BOOST_TEST(b.range_asked().empty());
    }
}

BOOST_AUTO_TEST_CASE(after_a_power_cut_only_what_was_synced_is_trusted) {
    broken_off b;
    auto note = load_note(b.note());
    BOOST_REQUIRE(note.has_value());
    BOOST_TEST(note->synced == middle);
    BOOST_TEST(note->boot == present_boot());
    note->boot = "another life";
    note->synced = 1000;
    BOOST_TEST(save_note(b.note(), *note, false).has_value());
    std::string lost = read_file(b.part());
    std::fill(lost.begin() + 1000, lost.end(), '\0'); // the blocks never reached the disk
    write_file(b.part(), lost);
    b.restart();
    b.will_send_rest(video, 1000);
    b.expect_video(b.run(), video);
    BOOST_TEST(b.range_asked() == "bytes=1000-");
}

BOOST_AUTO_TEST_CASE(a_part_that_waits_for_room_gives_its_own_back) {
    broken_off b;
    b.room.max_bytes = middle + 1000;
    b.restart();
    b.will_send_rest(video, middle);
    BOOST_TEST(says(b.run(), "blocked", "spool.max_bytes"));
    BOOST_TEST(b.no_part_left());
}
