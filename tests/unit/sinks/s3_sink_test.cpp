// What is special about the s3 sink: parts, what another attempt finds, conditions, and mending by itself.
#include "s3_world.hpp"
#include "sinks/s3/checksum.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace seedhook::test::s3_in_memory {

BOOST_AUTO_TEST_SUITE(s3_sink)

BOOST_AUTO_TEST_CASE(below_the_threshold_a_video_goes_in_one_request_and_from_it_on_in_parts) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, 2 * part_size - 1, 2 * part_size, 2 * part_size + 1}) {
        world w(size);
        BOOST_TEST(delivered(w.deliver()), size);
        BOOST_TEST(w.is_there());
        const bool whole = size < 2 * part_size;
        BOOST_TEST(w.bucket.count("PUT") == (whole ? 1U : 0U));
        BOOST_TEST(w.bucket.count("PUT", "partNumber=") == (whole ? 0U : (size + part_size - 1) / part_size));
        BOOST_TEST(w.bucket.uploads.empty());
    }
}

BOOST_AUTO_TEST_CASE(all_parts_but_the_last_are_of_equal_size) {
    world w;
    w.s3().parts_at_a_time = 4;
    BOOST_TEST(delivered(w.deliver()));
    for (const asked& a : w.bucket.requests) {
        if (a.is("PUT", "partNumber=")) {
            BOOST_TEST(a.body.size() == (a.query.starts_with("partNumber=3&") ? part_size - 7 : part_size));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_object_bears_what_is_configured_and_its_hash) {
    for (const std::uint64_t threshold : {std::uint64_t{1}, std::uint64_t{1} << 30}) {
        world w;
        w.s3().multipart_threshold = threshold;
        w.s3().metadata = {{"team", "red"}};
        w.s3().tags = {{"kind", "a b&c"}};
        w.s3().storage_class = "STANDARD_IA";
        w.s3().acl = "bucket-owner-full-control";
        w.s3().encryption = config::s3_sink::encryption_kind::kms;
        w.s3().kms_key_id = "alias/videos";
        w.s3().manifest = true;
        BOOST_TEST(delivered(w.deliver()));
        const asked first = w.bucket.requests.front();
        BOOST_TEST(first.field("Content-Type") == "video/mp4");
        BOOST_TEST(first.field("x-amz-meta-sha256") == w.what.of.video->sha256);
        BOOST_TEST(first.field("x-amz-meta-team") == "red");
        BOOST_TEST(first.field("x-amz-tagging") == "kind=a%20b%26c");
        BOOST_TEST(first.field("x-amz-storage-class") == "STANDARD_IA");
        BOOST_TEST(first.field("x-amz-acl") == "bucket-owner-full-control");
        BOOST_TEST(first.field("x-amz-server-side-encryption") == "aws:kms");
        BOOST_TEST(first.field("x-amz-server-side-encryption-aws-kms-key-id") == "alias/videos");
        BOOST_TEST(first.field("Authorization").starts_with("AWS4-HMAC-SHA256 "));
        BOOST_TEST(w.bucket.objects["req_1.mp4.json"].body.find("\"deliveryId\":\"dlv_1\"") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(checksums_are_sent_only_when_asked_for) {
    world plain;
    BOOST_TEST(delivered(plain.deliver()));
    for (const asked& a : plain.bucket.requests) {
        for (const auto& [name, value] : a.fields) {
            BOOST_TEST(name.find("checksum") == std::string::npos);
        }
    }
    for (const auto kind : {s3::checksum_kind::crc32c, s3::checksum_kind::sha256}) {
        world w;
        w.s3().checksum = kind;
        BOOST_TEST(delivered(w.deliver()));
        const auto& completion = w.bucket.requests.at(w.bucket.requests.size() - 2);
        BOOST_TEST(completion.body.find("<Checksum" + std::string(s3::name_of(kind)) + ">") != std::string::npos);
        world whole(10);
        whole.s3().checksum = kind;
        BOOST_TEST(delivered(whole.deliver()));
        BOOST_TEST(!whole.bucket.requests.front().field(s3::field_of(kind)).empty());
    }
}

BOOST_AUTO_TEST_CASE(parts_that_arrived_are_not_sent_again) {
    world w;
    w.bucket.before = once("PUT", "partNumber=2", fake_bucket::trouble(503, "SlowDown"));
    const outcome first = w.deliver();
    BOOST_REQUIRE(std::holds_alternative<not_yet>(first));
    BOOST_TEST(!std::get<not_yet>(first).counts); // it came nearer
    BOOST_TEST(w.bucket.uploads.size() == 1U);
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.is_there());
    BOOST_TEST(w.bucket.count("PUT", "partNumber=1") == 1U);
    BOOST_TEST(w.bucket.count("PUT", "partNumber=2") == 2U);
    BOOST_TEST(w.bucket.count("POST", "uploads=") == 1U);
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(an_attempt_that_brought_nothing_counts) {
    world w;
    w.bucket.before = once("PUT", "partNumber=1", no_answer);
    BOOST_TEST(std::holds_alternative<again>(w.deliver()));
}

BOOST_AUTO_TEST_CASE(an_upload_that_the_service_lost_is_begun_anew) {
    world w;
    w.bucket.before = [&w](const asked& a) -> reply {
        if (a.is("PUT", "partNumber=2")) {
            w.bucket.uploads.clear();
            w.bucket.before = nullptr;
        }
        return std::nullopt;
    };
    const outcome first = w.deliver();
    BOOST_TEST(!delivered(first));
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.is_there());
    BOOST_TEST(w.bucket.count("POST", "uploads=") == 2U);
}

BOOST_AUTO_TEST_CASE(an_upload_whose_id_was_lost_is_found_and_ended) {
    world w;
    w.bucket.after = once("POST", "uploads=", no_answer);
    BOOST_TEST(std::holds_alternative<again>(w.deliver()));
    w.bucket.uploads["other"] = {"req_1.mp4.json", {}, {}};
    BOOST_TEST(w.bucket.uploads.size() == 2U);
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.is_there());
    BOOST_TEST(w.bucket.uploads.size() == 1U);
    BOOST_TEST(w.bucket.uploads.contains("other"));
}

BOOST_AUTO_TEST_CASE(an_object_whose_completion_was_not_heard_of_is_not_sent_again) {
    world w;
    w.bucket.after = once("POST", "uploadId=", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    outcome last = w.deliver();
    for (int tries = 0; tries < 3 && !delivered(last); ++tries) {
        ++w.what.attempt;
        last = w.deliver();
    }
    BOOST_TEST(delivered(last));
    BOOST_TEST(w.is_there());
    BOOST_TEST(w.bucket.count("PUT", "partNumber=") == 3U);
    BOOST_TEST(w.bucket.uploads.empty());
}

BOOST_AUTO_TEST_CASE(a_later_attempt_finds_what_an_earlier_one_put_there) {
    world w(100);
    w.bucket.after = once("PUT", "", no_answer);
    BOOST_TEST(std::holds_alternative<again>(w.deliver()));
    w.what.attempt = 2;
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.count("PUT") == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_service_does_not_show_whole_is_not_delivered) {
    world w(100);
    w.bucket.after = [&w](const asked& a) -> reply {
        if (a.is("PUT")) {
            w.bucket.objects["req_1.mp4"].body.pop_back();
            w.bucket.after = nullptr;
        }
        return std::nullopt;
    };
    const outcome first = w.deliver();
    BOOST_REQUIRE(std::holds_alternative<again>(first));
    BOOST_TEST(std::get<again>(first).why == "s3://videos/req_1.mp4 has 99 bytes instead of 100");
    w.what.attempt = 2;
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.is_there());
}

BOOST_AUTO_TEST_CASE(an_abandoned_upload_is_ended_by_its_age) {
    world w;
    w.bucket.before = once("PUT", "partNumber=2", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    w.time.present = system_clock().now() + std::chrono::hours(24 * 6);
    const auto sink = w.make();
    const auto tidy = [&] {
        const auto all = [](seedhook::sink& of) -> awaitable<bool> {
            co_await of.tidy();
            co_return true;
        };
        return run_coroutine(all(*sink));
    };
    tidy();
    BOOST_TEST(w.bucket.uploads.size() == 1U);
    w.time.present += std::chrono::hours(48);
    tidy();
    BOOST_TEST(w.bucket.uploads.empty());
    const std::size_t asked_so_far = w.bucket.requests.size();
    tidy();
    BOOST_TEST(w.bucket.requests.size() == asked_so_far);
}

BOOST_AUTO_TEST_CASE(if_absent_never_writes_over_another_object) {
    for (const std::uint64_t threshold : {std::uint64_t{1}, std::uint64_t{1} << 30}) {
        world w;
        w.s3().multipart_threshold = threshold;
        w.s3().if_absent = true;
        w.bucket.objects["req_1.mp4"].body = "another";
        BOOST_TEST(std::holds_alternative<rejected>(w.deliver()));
        BOOST_TEST(w.bucket.objects["req_1.mp4"].body == "another");
        w.bucket.objects.clear();
        // One comes between our look and our request.
        w.bucket.after = [&w](const asked& a) -> reply {
            if (a.is("HEAD") && w.bucket.objects.empty()) {
                w.bucket.objects["req_1.mp4"].body = "another";
                w.bucket.after = nullptr;
                return fake_bucket::answer(404);
            }
            return std::nullopt;
        };
        BOOST_TEST(std::holds_alternative<rejected>(w.deliver()));
        BOOST_TEST(w.bucket.objects["req_1.mp4"].body == "another");
        BOOST_TEST(w.bucket.uploads.empty());
    }
}

BOOST_AUTO_TEST_CASE(if_absent_knows_its_own_object) {
    world w(100);
    w.s3().if_absent = true;
    w.bucket.after = once("PUT", "", no_answer);
    BOOST_TEST(!delivered(w.deliver()));
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.count("PUT") == 1U);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_off_is_corrected_by_the_services) {
    world w(100);
    http::client_response skewed = fake_bucket::trouble(403, "RequestTimeTooSkewed");
    skewed.fields.emplace_back("Date", "Sun, 06 Nov 2033 08:49:37 GMT");
    w.bucket.before = once("PUT", "", skewed);
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.bucket.requests.at(1).field("x-amz-date") == "20331106T084937Z");
}

BOOST_AUTO_TEST_CASE(the_bucket_is_followed_to_its_region) {
    world w(100);
    w.s3().endpoint = "";
    http::client_response away = fake_bucket::trouble(301, "PermanentRedirect");
    away.fields.emplace_back("x-amz-bucket-region", "us-west-2");
    w.bucket.before = once("PUT", "", away);
    w.deliver();
    BOOST_TEST(w.bucket.requests.at(0).host == "videos.s3.eu-west-1.amazonaws.com");
    BOOST_TEST(w.bucket.requests.at(1).host == "videos.s3.us-west-2.amazonaws.com");
    BOOST_TEST(w.bucket.requests.at(1).field("Authorization").find("/us-west-2/s3/") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_remedy_that_does_not_help_is_not_tried_for_ever) {
    world w(100);
    w.bucket.before = [](const asked&) -> reply { return fake_bucket::trouble(403, "ExpiredToken"); };
    BOOST_TEST(!delivered(w.deliver()));
    BOOST_TEST(w.bucket.requests.size() == 2U);
}

BOOST_AUTO_TEST_CASE(no_more_parts_than_configured_are_under_way) {
    world w(7 * part_size);
    w.s3().parts_at_a_time = 3;
    w.bucket.linger = std::chrono::milliseconds(300);
    BOOST_TEST(delivered(w.deliver()));
    BOOST_TEST(w.is_there());
    BOOST_TEST(w.bucket.most_uploading == 3U);
}

BOOST_AUTO_TEST_CASE(a_probe_says_when_it_must_not_delete) {
    world w;
    const auto well = run_coroutine(w.make()->probe());
    BOOST_TEST(std::get<done>(well).where == "may write and look in s3://videos/");
    BOOST_TEST(w.bucket.objects.empty());
    BOOST_TEST(w.bucket.uploads.empty());
    w.bucket.before = [](const asked& a) -> reply {
        return a.is("DELETE") ? reply(fake_bucket::trouble(403, "AccessDenied")) : std::nullopt;
    };
    const auto left = run_coroutine(w.make()->probe());
    BOOST_TEST(std::get<done>(left).where.find("must not delete") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(metadata_that_no_header_can_carry_is_refused_at_the_start) {
    world w;
    w.s3().metadata = {{"team", "r\xc3\xb6t"}};
    s3_context with{w.bucket, w.bucket, w.disk, w.time, w.folder.path(), {}};
    BOOST_CHECK(make_s3_sink(w.settings, std::move(with)).error().code == errc::invalid);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace seedhook::test::s3_in_memory
