// What is told while a task is waited for, and of models.
#include "cli/models_text.hpp"
#include "cli/progress.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <sstream>
#include <string>

using namespace seedhook::cli;
using namespace std::chrono_literals;

namespace {

boost::json::object task_of(const std::string& text) { return boost::json::parse(text).as_object(); }

const auto queued = task_of(R"({"requestId":"req_1","status":"queued","stage":"waiting","fetchedBytes":null})");
const auto fetching =
    task_of(R"({"requestId":"req_1","status":"succeeded","stage":"fetching","fetchedBytes":1572864})");
const auto done = task_of(R"({"requestId":"req_1","status":"succeeded","stage":"done","fetchedBytes":null,
    "deliveries":[{"sink":"library","state":"done","note":"/srv/a.mp4"},
                  {"sink":"b","state":"done","note":"s3://videos/a.mp4"}]})");

} // namespace

BOOST_AUTO_TEST_CASE(on_a_terminal_one_line_is_written_over_and_over) {
    std::ostringstream out;
    progress p(out, true);
    p.show(queued, 900ms);
    p.show(queued, 1s);
    p.show(fetching, 65s);
    p.show(done, 2h + 61s);
    p.end();
    p.end();
    BOOST_TEST(out.str() == "\r\x1b[Kqueued, 0s"
                            "\r\x1b[Kqueued, 1s"
                            "\r\x1b[Ksucceeded, fetching 1.5 MiB, 1m 05s"
                            "\r\x1b[Ksucceeded, done, 2h 01m\n");
}

BOOST_AUTO_TEST_CASE(elsewhere_each_change_is_a_line) {
    std::ostringstream out;
    progress p(out, false);
    p.show(queued, 1s);
    p.show(queued, 2s);
    p.show(fetching, 3s);
    p.show(fetching, 4s);
    p.show(done, 5s);
    p.end();
    BOOST_TEST(out.str() == "queued after 1s\nsucceeded, fetching after 3s\nsucceeded, done after 5s\n");
}

BOOST_AUTO_TEST_CASE(the_places_are_told_for_each_sink) {
    BOOST_TEST(places(done) == "library  /srv/a.mp4\nb        s3://videos/a.mp4\n");
    BOOST_TEST(places(task_of(R"({"deliveries":[{"sink":"l","state":"rejected","note":"no\nroom"},{},7]})")) ==
               "l  rejected: no\n-  -: -\n");
    BOOST_TEST(places(queued).empty());
}

BOOST_AUTO_TEST_CASE(only_a_video_that_is_where_it_belongs_is_a_good_end) {
    BOOST_TEST(ended_well(done));
    for (const char* other : {R"({"status":"failed","stage":"done"})", R"({"status":"cancelled","stage":"done"})",
                              R"({"status":"expired","stage":"done"})", R"({"status":"succeeded","stage":"stuck"})",
                              R"({"status":"succeeded","stage":"delivering"})", "{}"}) {
        BOOST_TEST(!ended_well(task_of(other)), other);
    }
}

BOOST_AUTO_TEST_CASE(another_end_is_told_with_its_reason) {
    BOOST_TEST(why_not(task_of(R"({"requestId":"req_1","status":"failed","stage":"done",
                                   "error":{"code":"nsfw","message":"no\u001b[2J"}})")) ==
               "seedhook: req_1: failed (nsfw: no\\x1b[2J)\n");
    BOOST_TEST(why_not(task_of(R"({"requestId":"req_1","status":"expired","stage":"done","error":null})")) ==
               "seedhook: req_1: expired\n");
    BOOST_TEST(why_not(task_of(R"({"requestId":"req_1","status":"succeeded","stage":"stuck"})")) ==
               "seedhook: req_1 is stuck; `seedhook show req_1` tells why, and `seedhook redeliver req_1` tries again "
               "once that is mended\n");
}

BOOST_AUTO_TEST_CASE(hostile_progress_cannot_drive_the_terminal) {
    std::ostringstream out;
    progress p(out, false);
    p.show(task_of(R"({"status":"\u001b[2J\n","stage":"\u009b"})"), 0s);
    BOOST_TEST(out.str() == "\\x1b[2J\\n, \\u{9b} after 0s\n");
}

BOOST_AUTO_TEST_CASE(models_are_one_line_each) {
    BOOST_TEST(models_table(boost::json::parse(R"([
        {"id":"seedance-2.0","durations":[4,5,6,7,8,9,10,11,12,13,14,15],"aspectRatios":["16:9","1:1"],
         "resolutions":["480p","720p"],"usdPerSecond":{"480p":0.05,"720p":0.1,"1080p":1}},
        {"id":"seedance-1.5-pro","durations":[5,10],"resolutions":[]},
        {"id":"x","durations":[1,2,4,5,6,9]},
        {"id":"\u001b[2J","durations":["4",null,9],"usdPerSecond":{"a":"b"}}, 7])")
                                .as_array()) ==
               "MODEL             SECONDS       ASPECT RATIOS  RESOLUTIONS  USD PER SECOND\n"
               "seedance-2.0      4-15          16:9, 1:1      480p, 720p   480p 0.05, 720p 0.1, 1080p 1\n"
               "seedance-1.5-pro  5, 10         -              -            -\n"
               "x                 1, 2, 4-6, 9  -              -            -\n"
               "\\x1b[2J           9             -              -            -\n");
}
