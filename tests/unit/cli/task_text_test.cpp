// Tables for people, from the control API's JSON, however odd or hostile that is.
#include "cli/check_text.hpp"
#include "cli/control_client.hpp"
#include "cli/table.hpp"
#include "cli/task_text.hpp"
#include "seedhook/config/load.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace seedhook;
using namespace seedhook::cli;
using namespace std::chrono_literals;

namespace {

const time_point now =
    time_point(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)) + std::chrono::hours(12) + 30s;

std::string table_of(const std::string& tasks) { return tasks_table(boost::json::parse(tasks).as_array(), now); }

std::string details_of(const std::string& task) { return task_details(boost::json::parse(task).as_object()); }

} // namespace

BOOST_AUTO_TEST_CASE(columns_are_as_wide_as_their_widest_cell) {
    text_table t({"A", "LONG HEAD"});
    t.add_row({"wide cell", "x"});
    t.add_row({"é", "y", "more"});
    t.add_row({});
    BOOST_TEST(t.to_string() == "A          LONG HEAD\n"
                                "wide cell  x\n"
                                "é          y          more\n"
                                "\n");
}

BOOST_AUTO_TEST_CASE(a_task_is_one_line) {
    BOOST_TEST(table_of(R"([{"id":1,"source":"main","requestId":"req_1","status":"succeeded","stage":"done",
            "video":{"size":1572864,"sha256":"0123456789abcdef0123","contentType":"video/mp4","name":"n"},
            "createdAt":"2026-11-22T10:00:00.000Z","settledAt":"2026-11-22T10:05:06.789Z"},
            {"id":2,"source":"b","requestId":"r2","status":"queued","stage":"waiting","video":null,
            "createdAt":"2026-11-22T12:00:01.500Z","settledAt":null}])") ==
               "REQUEST ID  SOURCE  STATUS     STAGE    SIZE     SHA256        AGE  SETTLED\n"
               "req_1       main    succeeded  done     1.5 MiB  0123456789ab  2h   2026-11-22 10:05:06Z\n"
               "r2          b       queued     waiting  -        -             28s  -\n");
}

BOOST_AUTO_TEST_CASE(no_tasks_leave_the_heads) {
    BOOST_TEST(table_of("[]") == "REQUEST ID  SOURCE  STATUS  STAGE  SIZE  SHA256  AGE  SETTLED\n");
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_of_another_type_is_a_dash) {
    const std::string expected = "REQUEST ID  SOURCE  STATUS  STAGE  SIZE  SHA256  AGE  SETTLED\n"
                                 "-           -       -       -      -     -       -    -\n";
    BOOST_TEST(table_of("[{}]") == expected);
    BOOST_TEST(table_of(R"([{"source":[],"requestId":{},"status":null,"stage":"","video":{"size":"x","sha256":null},
                             "createdAt":"yesterday","settledAt":"2026-13-22T10:05:06.789Z"}, 7])") == expected);
    BOOST_TEST(details_of("{}").find("request") == 0U);
    BOOST_TEST(details_of(R"({"deliveries":7,"events":[1,"x"],"jobs":{}})").find("Events") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ages_are_short) {
    const auto age = [](const std::string& created) {
        const std::string line = table_of(R"([{"createdAt":")" + created + R"("}])");
        return line.find(" 0s ") != std::string::npos ? "0s" : line.find(" 3d ") != std::string::npos ? "3d" : "?";
    };
    BOOST_TEST(age("2026-11-19T12:00:00.000Z") == "3d");
    BOOST_TEST(age("2026-11-22T13:00:00.000Z") == "0s"); // a clock that is ahead of ours
}

BOOST_AUTO_TEST_CASE(a_task_shows_with_its_deliveries_and_history) {
    BOOST_TEST(details_of(R"({"id":12,"source":"main","requestId":"req_1","status":"succeeded","stage":"delivering",
        "settledBy":"callback","model":"seedance-2.0","metadata":{"p":"x"},"videoUrl":"https://v.example/x.mp4",
        "error":null,"video":{"size":100,"sha256":"abc","contentType":"video/mp4","name":"n"},
        "createdAt":"2026-11-22T10:00:00.000Z","settledAt":"2026-11-22T10:00:01.000Z",
        "deliveries":[{"deliveryId":"d","sink":"library","state":"pending","attempts":2,
            "dueAt":"2026-11-22T10:01:00.000Z","note":"no room","updatedAt":"2026-11-22T10:00:30.000Z"}],
        "jobs":[{"kind":"fetch","state":"done","attempts":1,"dueAt":"2026-11-22T10:00:00.000Z","note":""}],
        "events":[{"id":1,"at":"2026-11-22T10:00:01.000Z","kind":"settled","detail":"succeeded"}]})") ==
               "request   req_1\n"
               "source    main\n"
               "status    succeeded (settled by callback)\n"
               "stage     delivering\n"
               "model     seedance-2.0\n"
               "metadata  {\"p\":\"x\"}\n"
               "created   2026-11-22 10:00:00Z\n"
               "settled   2026-11-22 10:00:01Z\n"
               "video     100 B, sha256 abc, video/mp4\n"
               "url       https://v.example/x.mp4\n"
               "\n"
               "Deliveries\n"
               "SINK     STATE    ATTEMPTS  DUE                   UPDATED               NOTE\n"
               "library  pending  2         2026-11-22 10:01:00Z  2026-11-22 10:00:30Z  no room\n"
               "\n"
               "Jobs\n"
               "KIND   STATE  ATTEMPTS  DUE  NOTE\n"
               "fetch  done   1         -    -\n"
               "\n"
               "Events\n"
               "AT                    KIND     DETAIL\n"
               "2026-11-22 10:00:01Z  settled  succeeded\n");
}

BOOST_AUTO_TEST_CASE(hostile_text_cannot_drive_the_terminal_or_forge_a_line) {
    const std::string all =
        details_of(R"({"requestId":"r","status":"failed","model":"\u001b[2J","metadata":{"\u001b]0;x\u0007":"\u009b"},
            "videoUrl":"https://x/\u202e4pm","error":{"code":"c\r","message":"\u001b[31mred\nstage     done"},
            "events":[{"detail":"\u0000\u007f\u2028"}]})") +
        table_of(R"([{"requestId":"a\nb","source":"\u001b[1m"}])");
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto c = static_cast<unsigned char>(all[i]);
        BOOST_TEST((c == '\n' || (c >= 0x20 && c != 0x7F)));
    }
    BOOST_TEST(all.find("\xc2\x9b") == std::string::npos);
    BOOST_TEST(all.find("\xe2\x80\xae") == std::string::npos);
    BOOST_TEST(all.find("c\\r: \\x1b[31mred\\nstage     done\n") != std::string::npos);
    BOOST_TEST(all.find("\nstage     done") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(queries_and_ids_are_percent_encoded) {
    BOOST_TEST(percent_encode("aZ0-._~") == "aZ0-._~");
    BOOST_TEST(percent_encode("a b&c=d/..?#%\r\n\xc3\xa9") == "a%20b%26c%3Dd%2F..%3F%23%25%0D%0A%C3%A9");
}

BOOST_AUTO_TEST_CASE(what_the_configuration_does_is_told_without_secrets) {
    config::variables none;
    const config::loaded l = config::load_text("listeners: [{address: '127.0.0.1:1'}]\n"
                                               "sources: [{name: main, path: /h, secrets: [hunter2, hunter3]},\n"
                                               "          {name: open, path: /o, verify: none}]\n"
                                               "sinks: [{name: lib, type: directory, path: /srv}]\n",
                                               "f", none);
    BOOST_REQUIRE(l.value);
    const std::string text = check_text("f", *l.value);
    const std::string json = check_json(l);
    for (const std::string& said : {text, json}) {
        BOOST_TEST(said.find("hunter") == std::string::npos);
        BOOST_TEST(said.find("127.0.0.1:1") != std::string::npos);
        BOOST_TEST(said.find("/srv") != std::string::npos);
        BOOST_TEST(said.find("verify: none") != std::string::npos); // the warning
    }
    BOOST_TEST(text.find("2 secrets") != std::string::npos);
    const auto read = boost::json::parse(json).as_object();
    BOOST_TEST(read.at("ok").as_bool());
    BOOST_TEST(read.at("settings").as_object().at("sources").as_array().at(0).as_object().at("secrets").as_int64() ==
               2);
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_as_json_too) {
    config::variables none;
    const auto read = boost::json::parse(check_json(config::load_text("log: {levle: x}\n", "f", none))).as_object();
    BOOST_TEST(!read.at("ok").as_bool());
    BOOST_TEST(read.at("settings").is_null());
    BOOST_TEST(read.at("mistakes").as_array().size() == 3U);
    BOOST_TEST(read.at("mistakes").as_array().at(2).as_object().at("key").as_string() == "log.levle");
    BOOST_TEST(read.at("mistakes").as_array().at(2).as_object().at("column").as_int64() == 7);
}
