// The table of tasks, their documents, expiring URLs, the rate limit and the command line.
#include "sandbox/generation.hpp"
#include "sandbox/options.hpp"
#include "sandbox/rate_limit.hpp"
#include "sandbox/video_url.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

generation_ptr generation_named(const std::string& id, task_status status) {
    auto g = std::make_shared<generation>();
    g->future.request_id = id;
    g->status = status;
    return g;
}

parsed_options parse(std::vector<std::string> words) {
    words.insert(words.begin(), "seedance-sandbox");
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

} // namespace

BOOST_AUTO_TEST_CASE(a_full_table_forgets_the_oldest_settled_task) {
    generation_table table(2);
    BOOST_TEST(table.add(generation_named("a", task_status::processing)));
    BOOST_TEST(table.add(generation_named("b", task_status::succeeded)));
    BOOST_TEST(table.add(generation_named("c", task_status::queued)));
    BOOST_TEST(table.find("a") != nullptr);
    BOOST_TEST(table.find("b") == nullptr);
    BOOST_TEST(table.find("c")->ordinal == 2U);
}

BOOST_AUTO_TEST_CASE(a_table_full_of_unsettled_tasks_takes_no_more) {
    generation_table table(1);
    BOOST_TEST(table.add(generation_named("a", task_status::processing)));
    BOOST_TEST(!table.add(generation_named("b", task_status::queued)));
    BOOST_TEST(table.find("b") == nullptr);
    BOOST_TEST(table.next_ordinal() == 1U);
}

BOOST_AUTO_TEST_CASE(lists_go_on_from_an_ordinal) {
    generation_table table(10);
    for (const char* id : {"a", "b", "c"}) {
        table.add(generation_named(id, task_status::queued));
    }
    BOOST_TEST(table.list(0, 2).size() == 2U);
    BOOST_REQUIRE(table.list(2, 10).size() == 1U);
    BOOST_TEST(table.list(2, 10)[0]->future.request_id == "c");
}

BOOST_AUTO_TEST_CASE(a_succeeded_task_shows_its_url_and_others_do_not) {
    const auto good =
        boost::json::parse(callback_document(*generation_named("a", task_status::succeeded), "https://x/a.mp4"));
    BOOST_TEST(good.at("success").as_bool());
    BOOST_TEST(good.at("requestId").as_string() == "a");
    BOOST_TEST(good.at("output").at("url").as_string() == "https://x/a.mp4");
    BOOST_TEST(good.at("error").is_null());
    const auto bad = boost::json::parse(callback_document(*generation_named("a", task_status::failed), ""));
    BOOST_TEST(bad.at("status").as_string() == "failed");
    BOOST_TEST(bad.at("output").is_null());
    BOOST_TEST(bad.at("error").at("code").as_string() == "generation_failed");
    auto asked = generation_named("a", task_status::queued);
    asked->asked.metadata = R"({"projectId":"p"})";
    const auto status = boost::json::parse(status_document(*asked, ""));
    BOOST_TEST(status.at("metadata").at("projectId").as_string() == "p");
    BOOST_TEST(status.at("output").is_null());
}

BOOST_AUTO_TEST_CASE(an_odd_error_has_its_shape_in_callback_and_status) {
    const auto g = generation_named("a", task_status::failed);
    std::string shapes;
    for (unsigned form = 0; form < odd_error_forms; ++form) {
        g->future.odd_error = form;
        const auto told = boost::json::parse(callback_document(*g, "")).at("error");
        BOOST_TEST(told == boost::json::parse(status_document(*g, "")).at("error"));
        shapes += boost::json::to_string(told.kind());
        shapes += ' ';
    }
    BOOST_TEST(shapes == "null string object array ");
    g->status = task_status::succeeded;
    BOOST_TEST(boost::json::parse(callback_document(*g, "u")).at("error").is_null());
}

BOOST_AUTO_TEST_CASE(a_succeeded_task_that_hides_its_url_shows_none_in_any_shape) {
    const auto g = generation_named("a", task_status::succeeded);
    std::string outputs;
    for (unsigned form = 0; form < no_url_forms; ++form) {
        g->future.no_url = form;
        outputs += boost::json::serialize(boost::json::parse(status_document(*g, "")).at("output")) + " ";
    }
    BOOST_TEST(outputs == R"(null {"type":"video","url":null} {"type":"video"} )");
    BOOST_TEST(boost::json::parse(status_document(*g, "https://x")).at("output").at("url").as_string() == "https://x");
}

BOOST_AUTO_TEST_CASE(an_odd_status_stands_for_processing_alone) {
    const auto shown = [](task_status status) {
        const auto g = generation_named("a", status);
        g->future.odd_status = "rendering";
        return std::string(boost::json::parse(status_document(*g, "u")).at("status").as_string());
    };
    BOOST_TEST(shown(task_status::queued) == "queued");
    BOOST_TEST(shown(task_status::processing) == "rendering");
    BOOST_TEST(shown(task_status::succeeded) == "succeeded");
}

BOOST_AUTO_TEST_CASE(an_expiring_url_lives_until_its_time_and_cannot_be_stretched) {
    const video_urls urls("https://h:1", "key");
    const time_point end(std::chrono::seconds(1'000'000));
    const std::string url = urls.until("req_1", 0, end);
    BOOST_REQUIRE(url.starts_with("https://h:1/open-api-results/req_1.mp4?Expires=1000000000&Signature="));
    const std::string query = url.substr(url.find('?') + 1);
    BOOST_TEST(urls.alive("req_1", 0, query, end - duration(1)));
    BOOST_TEST(!urls.alive("req_1", 0, query, end));
    BOOST_TEST(!urls.alive("req_1", 1, query, end - duration(1)));
    BOOST_TEST(!urls.alive("req_2", 0, query, end - duration(1)));
    BOOST_TEST(!urls.alive("req_1", 0, "", end - duration(1)));
    std::string stretched = query;
    stretched.replace(stretched.find("1000000000"), 10, "9000000000");
    BOOST_TEST(!urls.alive("req_1", 0, stretched, end));
    BOOST_TEST(!video_urls("https://h:1", "other").alive("req_1", 0, query, end - duration(1)));
}

BOOST_AUTO_TEST_CASE(the_rate_limit_counts_within_a_minute) {
    rate_limit limit(2, std::chrono::minutes(1));
    const time_point start(std::chrono::hours(1));
    BOOST_TEST(!limit.exceeded(start));
    BOOST_TEST(!limit.exceeded(start + std::chrono::seconds(20)));
    const auto wait = limit.exceeded(start + std::chrono::seconds(40));
    BOOST_REQUIRE(wait);
    BOOST_TEST(wait->count() == 20'000);
    BOOST_TEST(!limit.exceeded(start + std::chrono::seconds(60)));
    rate_limit none(0, std::chrono::minutes(1));
    for (int i = 0; i < 1000; ++i) {
        BOOST_REQUIRE(!none.exceeded(start));
    }
}

BOOST_AUTO_TEST_CASE(the_command_line_is_read) {
    const auto parsed = parse({"--seed", "9", "--lose", "0.3", "--duration-ms", "1500", "--video-bytes", "1MiB",
                               "--credits", "80", "--retry-callbacks", "3"});
    BOOST_REQUIRE(parsed.value);
    BOOST_TEST(parsed.value->seed == 9U);
    BOOST_TEST(parsed.value->lose == 0.3);
    BOOST_TEST(parsed.value->settle_after.count() == 1500);
    BOOST_TEST(parsed.value->video_bytes == 1048576U);
    BOOST_TEST(*parsed.value->credits == 80U);
    BOOST_TEST(parsed.value->retry_callbacks == 3U);
}

BOOST_AUTO_TEST_CASE(a_wrong_command_line_is_exit_code_two) {
    const std::vector<std::vector<std::string>> wrong{
        {"--lose", "1.5"},       {"--lose", "-0.1"},          {"--nonsense"},
        {"--tls-cert", "x"},     {"--video-bytes", "9"},      {"--video-bytes", "2GiB"},
        {"--duration-ms", "-1"}, {"--listen", "unix:/tmp/x"}, {"--fail", "0.6", "--cancelled", "0.6"}};
    for (const auto& words : wrong) {
        BOOST_TEST_CONTEXT(words[0]) {
            const auto parsed = parse(words);
            BOOST_TEST(!parsed.value);
            BOOST_TEST(parsed.exit_code == 2);
        }
    }
    BOOST_TEST(parse({"--help"}).exit_code == 0);
    BOOST_TEST(!parse({"--help"}).value);
}
