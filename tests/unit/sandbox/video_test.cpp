// Videos that are made while they are read.
#include "sandbox/video.hpp"

#include "sandbox/clip.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

std::string whole(const video& v) {
    std::string all(static_cast<std::size_t>(v.size()), '\0');
    v.read(0, all);
    return all;
}

// The names of the top-level boxes; `!` at the end when they do not add up to the file.
std::string boxes(std::string_view file) {
    std::string names;
    std::size_t at = 0;
    while (at + 8 <= file.size()) {
        std::size_t size = 0;
        for (unsigned i = 0; i < 4; ++i) {
            size = size << 8U | static_cast<unsigned char>(file[at + i]);
        }
        names += std::string(file.substr(at + 4, 4)) + " ";
        at += size;
    }
    return at == file.size() ? names : names + "!";
}

awaitable<> drain(http::body_source& from, std::size_t step, std::string& into, bool& failed) {
    std::string buffer(step, '\0');
    for (;;) {
        const auto count = co_await from.read(buffer);
        failed = !count;
        if (!count || *count == 0) {
            co_return;
        }
        into.append(buffer, 0, *count);
    }
}

std::string read_body(std::unique_ptr<http::body_source> from, std::size_t step, bool& failed) {
    std::string all;
    asio::io_context context;
    asio::co_spawn(context, drain(*from, step, all, failed), asio::detached);
    context.run();
    return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_video_is_the_clip_and_a_free_box_of_the_asked_size) {
    for (const std::uint64_t size : {smallest_video(), smallest_video() + 1, std::uint64_t{100'000}}) {
        const video v(7, "req_1", size);
        const std::string file = whole(v);
        BOOST_TEST(file.size() == size);
        BOOST_TEST(file.starts_with(clip()));
        BOOST_TEST(file.find("seedance-sandbox req_1\n") != std::string::npos);
        const std::string names = boxes(file);
        BOOST_TEST(names.starts_with("ftyp moov "));
        BOOST_TEST(names.ends_with("mdat free "));
    }
}

BOOST_AUTO_TEST_CASE(the_longest_request_id_fits_into_the_smallest_video) {
    const video v(7, std::string(128, 'x'), smallest_video());
    BOOST_TEST(boxes(whole(v)).ends_with("free "));
    BOOST_TEST(whole(v).find(std::string(128, 'x') + "\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(any_part_is_the_same_as_in_the_whole) {
    const video v(99, "req_parts", 20'000);
    const std::string file = whole(v);
    for (std::uint64_t first = 0; first < file.size(); first += 487) {
        for (const std::size_t length : {std::size_t{1}, std::size_t{7}, std::size_t{900}}) {
            const auto count = std::min<std::size_t>(length, file.size() - first);
            std::string part(count, '\0');
            v.read(first, part);
            BOOST_REQUIRE(part == file.substr(first, count));
        }
    }
}

BOOST_AUTO_TEST_CASE(videos_differ_by_key_and_by_request_and_repeat_by_both) {
    const auto sum = [](std::uint64_t key, const char* id) { return video(key, id, 10'000).sha256(); };
    BOOST_TEST(sum(1, "req_a") == sum(1, "req_a"));
    BOOST_TEST(sum(1, "req_a") != sum(2, "req_a"));
    BOOST_TEST(sum(1, "req_a") != sum(1, "req_b"));
    BOOST_TEST(video(1, "req_a", 10'000).etag() != video(2, "req_a", 10'000).etag());
    BOOST_TEST(video(1, "req_a", 10'000).etag() != video(1, "req_a", 10'001).etag());
}

BOOST_AUTO_TEST_CASE(the_sum_is_that_of_the_bytes) {
    const video v(5, "req_sum", 200'001);
    const auto digest = crypto::sha256_of(whole(v));
    BOOST_TEST(v.sha256() == crypto::to_hex(digest));
}

BOOST_AUTO_TEST_CASE(a_body_is_its_part_of_the_file_whatever_the_steps) {
    const video v(5, "req_body", 9'000);
    const std::string file = whole(v);
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, std::size_t{100'000}}) {
        bool failed = true;
        BOOST_TEST((read_body(make_video_body(v, 100, 8'000), step, failed) == file.substr(100, 8'000)));
        BOOST_TEST(!failed);
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_breaks_off_fails_after_what_came_before) {
    const video v(5, "req_break", 9'000);
    bool failed = false;
    const std::string got = read_body(make_video_body(v, 0, v.size(), 4'500), 1'000, failed);
    BOOST_TEST(failed);
    BOOST_TEST((got == whole(v).substr(0, 4'500)));
}
