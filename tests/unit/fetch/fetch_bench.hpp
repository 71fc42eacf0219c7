// A fetch handler on a real spool and a scripted network.
#pragma once

#include "boxes.hpp"
#include "fake_client.hpp"
#include "file_text.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/fetch/fetch.hpp"
#include "temp_folder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace seedhook::test {

inline std::string hex_sha256(std::string_view content) { return crypto::to_hex(crypto::sha256_of(content)); }

struct fetch_bench {
    explicit fetch_bench(std::uint64_t spool_bytes = std::uint64_t{1} << 30) {
        room.path = folder.path() / "spool";
        room.max_bytes = spool_bytes;
        restart();
        work.of.source = "main";
        work.of.request_id = "req_1";
        work.of.status = task_status::succeeded;
        work.of.video_url = "https://videos.example/v/req_1.mp4?signature=secret";
    }
    ~fetch_bench() { disk.join(); }

    // As after the daemon's end: only what lies on the disk is left.
    void restart() {
        videos.reset();
        videos = open_spool(room).value();
    }

    outcome run() {
        fetch_context with{client, *videos, disk, *counts};
        const auto handler = make_fetch_handler(settings, with);
        asio::io_context context(1);
        std::optional<outcome> value;
        auto ended = [&](std::exception_ptr failed, outcome o) {
            if (failed) {
                std::rethrow_exception(failed);
            }
            value.emplace(std::move(o));
        };
        asio::co_spawn(context, hearing_cancellation(handler->run(work)),
                       asio::bind_cancellation_slot(stop.slot(), ended));
        context.run();
        BOOST_REQUIRE(value.has_value());
        return *value;
    }

    scripted_answer& will_answer(unsigned status = 200) {
        client.answers.emplace_back();
        client.answers.back().status = status;
        return client.answers.back();
    }
    // The whole body, with its length and a strong ETag.
    scripted_answer& will_send(std::string body) {
        scripted_answer& a = will_answer();
        a.fields = {{"Content-Length", std::to_string(body.size())}, {"Content-Type", "video/mp4"}, {"ETag", "\"v1\""}};
        a.body = std::move(body);
        return a;
    }
    // The same, but only its first `sent` bytes arrive.
    scripted_answer& will_break_off(const std::string& body, std::size_t sent) {
        scripted_answer& a = will_send(body);
        a.body.resize(sent);
        a.after = error(errc::protocol, "videos.example: the body ended before its length");
        return a;
    }
    scripted_answer& will_send_rest(const std::string& body, std::size_t from) {
        scripted_answer& a = will_answer(206);
        a.fields = {{"Content-Length", std::to_string(body.size() - from)},
                    {"Content-Range", "bytes " + std::to_string(from) + "-" + std::to_string(body.size() - 1) + "/" +
                                          std::to_string(body.size())},
                    {"ETag", "\"v1\""}};
        a.body = body.substr(from);
        return a;
    }

    std::filesystem::path whole() const { return room.path / "main/req_1.mp4"; }
    std::filesystem::path part() const { return room.path / "main/req_1.part"; }
    std::filesystem::path note() const { return room.path / "main/req_1.part.json"; }

    // Nothing but the finished video, if that, is left in the spool.
    bool no_part_left() const { return !std::filesystem::exists(part()) && !std::filesystem::exists(note()); }

    // `came_to` is done, and the spool holds exactly `content`.
    void expect_video(const outcome& came_to, const std::string& content) const {
        const auto* d = std::get_if<done>(&came_to);
        BOOST_REQUIRE(d != nullptr);
        BOOST_REQUIRE(d->video.has_value());
        BOOST_TEST(d->video->name == "main/req_1.mp4");
        BOOST_TEST(d->video->size == content.size());
        BOOST_TEST(d->video->sha256 == hex_sha256(content));
        BOOST_TEST(d->video->content_type == "video/mp4");
        BOOST_TEST((read_file(whole()) == content));
        BOOST_TEST(no_part_left());
        BOOST_TEST(videos->holds(*d->video));
        BOOST_TEST(videos->bytes() == content.size());
    }

    temp_folder folder;
    spool_settings room;
    config::fetch settings;
    std::unique_ptr<spool> videos;
    blocking_pool disk{2};
    std::unique_ptr<metrics> counts = make_metrics("test");
    fake_client client;
    asio::cancellation_signal stop;
    claimed_job work;
};

inline std::string why(const outcome& o) {
    if (const auto* a = std::get_if<again>(&o)) {
        return "again: " + a->why;
    }
    if (const auto* b = std::get_if<blocked>(&o)) {
        return "blocked: " + b->why;
    }
    if (const auto* r = std::get_if<rejected>(&o)) {
        return "rejected: " + r->why;
    }
    return std::holds_alternative<done>(o) ? "done" : "interrupted";
}

inline bool says(const outcome& o, std::string_view begin, std::string_view inside = {}) {
    const std::string text = why(o);
    BOOST_TEST_MESSAGE(text);
    return text.starts_with(begin) && text.find(inside) != std::string::npos;
}

} // namespace seedhook::test
