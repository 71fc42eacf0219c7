// The delivery handler: what it hands to the sink, and when it does not.
#include "run_coroutine.hpp"
#include "seedhook/deliver/deliver.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <vector>

using namespace seedhook;

namespace {

class recording_sink final : public sink {
public:
    std::string_view name() const noexcept override { return "library"; }
    awaitable<outcome> deliver(const delivery& what) override {
        delivered.push_back(what);
        co_return answer;
    }
    awaitable<outcome> probe() override { co_return done(); }

    std::vector<delivery> delivered;
    outcome answer = done("/srv/videos/req_1.mp4");
};

struct bench {
    bench() {
        spool_settings settings;
        settings.path = folder.path() / "spool";
        settings.max_bytes = 1000;
        videos = open_spool(settings).value();
        std::filesystem::create_directories(settings.path / "main");
        std::ofstream(settings.path / "main/req_1.mp4") << "content";
        work.work.key.sink = "library";
        work.work.attempts = 3;
        work.of.source = "main";
        work.of.request_id = "req_1";
        work.of.status = task_status::succeeded;
        work.of.video.emplace();
        work.of.video->name = "main/req_1.mp4";
        work.of.video->size = 7;
    }

    outcome run() { return test::run_coroutine(make_delivery_handler(to, *videos, disk)->run(work)); }

    test::temp_folder folder;
    std::unique_ptr<spool> videos;
    blocking_pool disk{1};
    std::shared_ptr<recording_sink> to = std::make_shared<recording_sink>();
    claimed_job work;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_task_is_handed_over_with_its_video) {
    bench b;
    const outcome came_to = b.run();
    BOOST_REQUIRE(std::holds_alternative<done>(came_to));
    BOOST_TEST(std::get<done>(came_to).where == "/srv/videos/req_1.mp4");
    BOOST_REQUIRE(b.to->delivered.size() == 1U);
    const delivery& what = b.to->delivered[0];
    BOOST_TEST(what.id == delivery_id("main", "req_1", "library"));
    BOOST_TEST(what.sink == "library");
    BOOST_TEST(what.attempt == 3U);
    BOOST_TEST(what.of.request_id == "req_1");
    BOOST_REQUIRE(what.video.has_value());
    BOOST_TEST(*what.video == b.videos->path_of("main/req_1.mp4"));
}

BOOST_AUTO_TEST_CASE(every_attempt_bears_the_same_id) {
    bench b;
    b.run();
    b.work.work.attempts = 4;
    b.run();
    BOOST_REQUIRE(b.to->delivered.size() == 2U);
    BOOST_TEST(b.to->delivered[0].id == b.to->delivered[1].id);
}

BOOST_AUTO_TEST_CASE(what_the_sink_says_is_passed_on) {
    bench b;
    b.to->answer = blocked("the disk is full");
    const outcome came_to = b.run();
    BOOST_REQUIRE(std::holds_alternative<blocked>(came_to));
    BOOST_TEST(std::get<blocked>(came_to).why == "the disk is full");
}

BOOST_AUTO_TEST_CASE(a_failed_task_is_handed_over_without_a_video) {
    bench b;
    b.work.of.status = task_status::failed;
    b.work.of.video.reset();
    BOOST_TEST(std::holds_alternative<done>(b.run()));
    BOOST_REQUIRE(b.to->delivered.size() == 1U);
    BOOST_TEST(!b.to->delivered[0].video.has_value());
}

BOOST_AUTO_TEST_CASE(a_video_that_is_missing_or_has_another_size_is_not_handed_over) {
    for (const int fault : {0, 1, 2}) {
        bench b;
        if (fault == 0) {
            b.work.of.video.reset();
        } else if (fault == 1) {
            b.work.of.video->size = 8;
        } else {
            b.work.of.video->name = "../../etc/passwd";
        }
        const outcome came_to = b.run();
        BOOST_REQUIRE(std::holds_alternative<again>(came_to));
        BOOST_TEST(std::get<again>(came_to).why.find("redeliver") != std::string::npos);
        BOOST_TEST(b.to->delivered.empty());
    }
}
