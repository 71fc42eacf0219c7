// The video, whole and in parts, from the places it may be at.
#include "control_setup.hpp"

#include "temp_folder.hpp"

#include <fstream>

using namespace seedhook;
using namespace seedhook::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view film = "0123456789";

struct video_setup : control_setup {
    video_setup() {
        std::ofstream(file) << film;
        video_file v;
        v.name = "main/req_1.mp4";
        v.size = film.size();
        v.sha256 = "abc";
        v.content_type = "video/mp4";
        add_settled("req_1").of.video = v;
        places = {{file, {}}};
    }

    http::response ask(std::vector<http::field_view> fields, std::string_view method = "GET") {
        http::request r;
        r.method = method;
        r.path = "/v1/tasks/req_1/video";
        r.fields = std::move(fields);
        auto match = router.match(method, r.path);
        r.captures = match.captures;
        return run_coroutine(match.found->handle(r));
    }

    std::string body_of(http::response& answer) {
        std::string text;
        char piece[4];
        while (const std::size_t size = run_coroutine(answer.stream->read(piece)).value()) {
            text.append(piece, size);
        }
        BOOST_TEST(text.size() == answer.stream_length.value());
        return text;
    }
    static std::string field(const http::response& answer, std::string_view name) {
        for (const auto& [key, value] : answer.fields) {
            if (key == name) {
                return value;
            }
        }
        return {};
    }

    temp_folder folder;
    std::filesystem::path file = folder.path() / "film.mp4";
};

} // namespace

BOOST_FIXTURE_TEST_CASE(the_whole_video_with_what_a_player_needs, video_setup) {
    auto answer = ask({});
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(body_of(answer) == film);
    BOOST_TEST(answer.content_type == "video/mp4");
    BOOST_TEST(field(answer, "ETag") == "\"abc\"");
    BOOST_TEST(field(answer, "Accept-Ranges") == "bytes");
    BOOST_TEST(field(answer, "Content-Disposition") == "inline; filename=\"req_1.mp4\"");
}

BOOST_FIXTURE_TEST_CASE(a_part_of_it, video_setup) {
    auto part = ask({{"Range", "bytes=2-4"}});
    BOOST_TEST(part.status == 206U);
    BOOST_TEST(field(part, "Content-Range") == "bytes 2-4/10");
    BOOST_TEST(body_of(part) == "234");
    auto last = ask({{"Range", "bytes=-3"}, {"If-Range", "\"abc\""}});
    BOOST_TEST(last.status == 206U);
    BOOST_TEST(body_of(last) == "789");
    BOOST_TEST(ask({{"Range", "bytes=2-4"}, {"If-Range", "\"other\""}}).status == 200U);
    BOOST_TEST(ask({{"Range", "bytes=2-4"}}, "HEAD").status == 200U);
    const auto beyond = ask({{"Range", "bytes=10-"}});
    BOOST_TEST(beyond.status == 416U);
    BOOST_TEST(field(beyond, "Content-Range") == "bytes */10");
    BOOST_TEST(ask({{"If-None-Match", "\"abc\""}}).status == 304U);
    BOOST_TEST(ask({{"If-None-Match", "\"x\""}}).status == 200U);
}

BOOST_FIXTURE_TEST_CASE(what_upstream_calls_something_else_than_a_video_is_bytes, video_setup) {
    for (const char* type :
         {"text/html", "video/", "video/mp4; x=<script>", "image/svg+xml", "", "VIDEO/MP4", "video/x\r\ny: z"}) {
        store.all.front().of.video->content_type = type;
        BOOST_TEST(ask({}).content_type == "application/octet-stream", type);
    }
}

BOOST_FIXTURE_TEST_CASE(only_the_very_file_is_shown, video_setup) {
    places = {{folder.path() / "gone.mp4", {}}, {file, {}}};
    BOOST_TEST(ask({}).status == 200U); // the second place
    const auto written = std::chrono::floor<std::chrono::milliseconds>(
        std::chrono::file_clock::to_sys(std::filesystem::last_write_time(file)));
    places = {{file, written + 1ms}};
    BOOST_TEST(ask({}).status == 200U);
    places = {{file, written - 1ms}}; // somebody has written to it since
    check_error(ask({}), 404, "no_video");
    std::filesystem::create_symlink(file, folder.path() / "link.mp4");
    places = {{folder.path() / "link.mp4", {}}, {folder.path(), {}}};
    check_error(ask({}), 404, "no_video");
    std::ofstream(file) << "longer than the video is";
    places = {{file, {}}};
    check_error(ask({}), 404, "no_video");
    store.all.front().of.video.reset();
    check_error(ask({}), 404, "no_video");
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_cut_short_meanwhile_breaks_off, video_setup) {
    auto answer = ask({});
    std::filesystem::resize_file(file, 4);
    char piece[64];
    BOOST_TEST(run_coroutine(answer.stream->read(piece)).value() == 4U);
    BOOST_TEST(!run_coroutine(answer.stream->read(piece)).has_value());
}

BOOST_FIXTURE_TEST_CASE(the_video_of_no_task_is_404, video_setup) {
    check_error(get("/v1/tasks/req_2/video"), 404, "not_found");
    check_error(get("/v1/tasks/..%2f/video"), 404, "not_found");
    check_error(get("/v1/tasks/req_1/video?x=1"), 400, "invalid_request");
}
