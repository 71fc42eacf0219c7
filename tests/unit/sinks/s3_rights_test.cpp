// What the s3 sink does with a key that may do less than all, and with records of another configuration.
#include "s3_world.hpp"
#include "sinks/s3/checksum.hpp"

#include <boost/test/unit_test.hpp>

namespace seedhook::test::s3_in_memory {
namespace {

using std::chrono::hours;

auto forbidding(std::string method, std::string query_begin = {}) {
    return [=](const asked& a) -> reply {
        return a.is(method, query_begin) ? reply(fake_bucket::trouble(403, "AccessDenied")) : std::nullopt;
    };
}

outcome deliver_through(sink& to, const delivery& what) {
    return run_coroutine(hearing_cancellation(to.deliver(what)));
}

bool is_blocked(const outcome& o) { return std::holds_alternative<blocked>(o); }

void tidy(world& w) {
    const auto to = w.make();
    const auto all = [](sink& of) -> awaitable<bool> {
        co_await of.tidy();
        co_return true;
    };
    run_coroutine(all(*to));
}

} // namespace

BOOST_AUTO_TEST_SUITE(s3_rights)

BOOST_AUTO_TEST_CASE(a_video_that_may_not_be_looked_at_is_sent_once) {
    for (const std::size_t size : {std::size_t{100}, 2 * part_size}) {
        world w(size);
        w.bucket.before = forbidding("HEAD");
        const auto to = w.make();
        BOOST_TEST(is_blocked(deliver_through(*to, w.what)));
        const std::size_t sent = w.bucket.count("PUT") + w.bucket.count("PUT", "partNumber=");
        BOOST_TEST(is_blocked(deliver_through(*to, w.what))); // blocked, it is the first attempt still
        BOOST_TEST(w.bucket.count("PUT") + w.bucket.count("PUT", "partNumber=") == sent);
        w.bucket.before = nullptr;
        BOOST_TEST(delivered(deliver_through(*to, w.what)));
        BOOST_TEST(w.bucket.count("PUT") + w.bucket.count("PUT", "partNumber=") == sent);
    }
}

BOOST_AUTO_TEST_CASE(a_video_whose_document_is_blocked_is_sent_once) {
    world w(100);
    w.s3().manifest = true;
    w.bucket.before = [](const asked& a) -> reply {
        return a.is("PUT") && a.key.ends_with(".json") ? reply(fake_bucket::trouble(403, "AccessDenied"))
                                                       : std::nullopt;
    };
    const auto to = w.make();
    BOOST_TEST(is_blocked(deliver_through(*to, w.what)));
    w.bucket.before = nullptr;
    BOOST_TEST(delivered(deliver_through(*to, w.what)));
    BOOST_TEST(w.bucket.count("PUT") == 3U); // the video, the document refused and taken
}

BOOST_AUTO_TEST_CASE(a_fault_in_between_does_not_have_it_sent_again) {
    world w(100);
    w.bucket.before = forbidding("HEAD");
    const auto to = w.make();
    deliver_through(*to, w.what);
    w.bucket.before = once("HEAD", "", fake_bucket::trouble(503, "SlowDown"));
    deliver_through(*to, w.what);
    w.bucket.before = forbidding("HEAD");
    deliver_through(*to, w.what);
    BOOST_TEST(w.bucket.count("PUT") == 1U);
}

// A service may not know of conditions: the look is then all there is.
BOOST_AUTO_TEST_CASE(if_absent_sends_nothing_where_it_may_not_look) {
    world w(100);
    w.s3().if_absent = true;
    w.bucket.before = forbidding("HEAD");
    BOOST_TEST(is_blocked(w.deliver()));
    BOOST_TEST(w.bucket.count("PUT") == 0U);
    BOOST_TEST(is_blocked(run_coroutine(w.make()->probe())));
}

BOOST_AUTO_TEST_CASE(if_absent_writes_a_document_over_its_own_tasks_alone) {
    world w(100);
    w.s3().if_absent = true;
    w.s3().manifest = true;
    BOOST_TEST(delivered(w.deliver()));
    w.what.attempt = 2;
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.objects["req_1.mp4.json"].body.find("\"attempt\":2") != std::string::npos);
    w.bucket.objects["req_1.mp4.json"] = {"another's", {}};
    BOOST_TEST(std::holds_alternative<rejected>(w.deliver()));
    BOOST_TEST(w.bucket.objects["req_1.mp4.json"].body == "another's");
}

BOOST_AUTO_TEST_CASE(an_upload_that_may_not_be_ended_is_tried_again_by_its_id) {
    world w;
    w.bucket.before = once("PUT", "partNumber=2", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    w.what.of.video->sha256 = std::string(64, 'f'); // another video: the upload is of no use
    w.bucket.before = forbidding("DELETE", "uploadId=");
    w.deliver();
    BOOST_TEST(w.bucket.uploads.contains("upload-1"));
    w.bucket.before = forbidding("GET", "prefix="); // it may end uploads, and never list them
    w.time.present = system_clock().now() + hours(24 * 8);
    tidy(w);
    BOOST_TEST(!w.bucket.uploads.contains("upload-1"));
}

BOOST_AUTO_TEST_CASE(an_upload_that_the_service_ended_leaves_no_record) {
    world w;
    w.bucket.before = once("PUT", "partNumber=2", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    w.bucket.uploads.clear();
    w.bucket.before = forbidding("GET", "prefix=");
    BOOST_TEST(!delivered(w.deliver()));
    BOOST_TEST(std::filesystem::is_empty(w.folder.path() / "records"));
}

BOOST_AUTO_TEST_CASE(an_upload_with_other_checksums_is_begun_anew) {
    world w;
    w.s3().checksum = s3::checksum_kind::crc32;
    w.bucket.before = once("PUT", "partNumber=2", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    w.s3().checksum = s3::checksum_kind::sha256;
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.count("POST", "uploads=") == 2U);
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(an_upload_in_a_bucket_that_the_sink_left_is_not_taken_for_ended) {
    world w;
    w.bucket.before = once("PUT", "partNumber=2", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    w.s3().bucket = "films";
    BOOST_TEST(delivered(w.deliver()));
    w.time.present = system_clock().now() + hours(24 * 8);
    tidy(w); // still not
    BOOST_TEST(w.bucket.uploads.contains("upload-1"));
    w.s3().bucket = "videos";
    tidy(w);
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(a_passing_fault_does_not_put_off_the_end_of_an_abandoned_upload) {
    world w;
    w.bucket.before = once("PUT", "partNumber=2", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    w.time.present = system_clock().now();
    std::filesystem::last_write_time(w.folder.path() / "records" / "dlv_1.upload",
                                     std::filesystem::file_time_type::clock::now() - hours(24 * 8));
    w.bucket.before = once("DELETE", "uploadId=", fake_bucket::trouble(503, "SlowDown"));
    tidy(w);
    BOOST_TEST(!w.bucket.uploads.empty());
    tidy(w);
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(an_upload_of_no_use_is_not_taken_up_again_when_it_could_not_be_ended) {
    world w;
    w.bucket.before = [refused = 0](const asked& a) mutable -> reply {
        if (a.is("POST", "uploadId=") && refused++ == 0) {
            return fake_bucket::trouble(400, "InvalidPart");
        }
        return a.is("DELETE", "uploadId=") && refused++ == 1 ? reply(fake_bucket::trouble(503, "SlowDown"))
                                                             : std::nullopt;
    };
    BOOST_TEST(!delivered(w.deliver()));
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.count("POST", "uploads=") == 2U);
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(an_upload_that_lost_the_race_is_ended_when_the_service_can) {
    world w;
    w.s3().if_absent = true;
    w.bucket.after = [&w](const asked& a) -> reply { // ours, completed by an attempt that nobody heard of
        if (a.is("PUT", "partNumber=3")) {
            w.bucket.objects["req_1.mp4"] = {w.bytes, {{"x-amz-meta-sha256", w.what.of.video->sha256}}};
        }
        return std::nullopt;
    };
    w.bucket.before = once("DELETE", "uploadId=", fake_bucket::trouble(503, "SlowDown"));
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(a_probe_goes_where_the_videos_go_and_tells_what_parts_would_miss) {
    world w;
    w.s3().key = "in/{date}/x-{requestId}.{ext}";
    BOOST_TEST(std::get<done>(run_coroutine(w.make()->probe())).where == "may write and look in s3://videos/in/");
    BOOST_TEST(w.bucket.requests.front().key.starts_with("in/seedhook-probe-"));
    w.bucket.before = forbidding("GET", "prefix=");
    BOOST_TEST(
        std::get<done>(run_coroutine(w.make()->probe())).where.ends_with("; must not list uploads: AccessDenied"));
    w.bucket.before = forbidding("DELETE", "uploadId=");
    BOOST_TEST(std::get<done>(run_coroutine(w.make()->probe())).where.ends_with("has left one: AccessDenied"));
    w.bucket.before = forbidding("POST", "uploads=");
    BOOST_TEST(std::get<done>(run_coroutine(w.make()->probe())).where.ends_with("no uploads in parts: AccessDenied"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test::s3_in_memory
