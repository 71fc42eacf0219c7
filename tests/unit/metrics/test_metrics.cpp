// Every metric under the name that SPEC §9 promises, and counting from several threads.
#include "seedhook/metrics/metrics.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

using namespace seedhook;

namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_metric_has_its_name_and_labels) {
    const auto counts = make_metrics("1.2.3");
    counts->callback("main", "settled", 0.002);
    counts->callback("main", "settled", 0.002);
    counts->callback("main", "unauthorized", 0.0001);
    counts->settled("main", "callback", "succeeded");
    counts->fetch("fetched");
    counts->fetched_bytes(1024);
    counts->fetched_bytes(1);
    counts->delivery("library", "delivered", 0.2);
    counts->commit(0.003, 5);
    counts->set_tasks("done", 7);
    counts->set_jobs("fetch", "due", 3);
    counts->set_oldest_due("fetch", 12.5);
    counts->set_spool_bytes(4096);
    counts->set_spool_room(8192);
    counts->set_ready(true);
    counts->set_degraded("sink", 2);
    counts->set_certificate_expiry("/etc/cert.pem", -5);

    const std::string text = counts->exposition();
    for (const std::string line : {
             R"(seedhook_build_info{version="1.2.3"} 1)",
             R"(seedhook_callbacks_total{result="settled",source="main"} 2)",
             R"(seedhook_callbacks_total{result="unauthorized",source="main"} 1)",
             R"(seedhook_callback_seconds_count 3)",
             R"(seedhook_callback_seconds_bucket{le="0.001"} 1)",
             R"(seedhook_settled_total{by="callback",source="main",status="succeeded"} 1)",
             R"(seedhook_fetches_total{result="fetched"} 1)",
             R"(seedhook_fetch_bytes_total 1025)",
             R"(seedhook_deliveries_total{result="delivered",sink="library"} 1)",
             R"(seedhook_delivery_seconds_count{sink="library"} 1)",
             R"(seedhook_store_commit_seconds_count 1)",
             R"(seedhook_store_batch_size_sum 5)",
             R"(seedhook_tasks{stage="done"} 7)",
             R"(seedhook_jobs{kind="fetch",state="due"} 3)",
             R"(seedhook_oldest_due_seconds{kind="fetch"} 12.5)",
             R"(seedhook_spool_bytes 4096)",
             R"(seedhook_spool_room_bytes 8192)",
             R"(seedhook_ready 1)",
             R"(seedhook_degraded{reason="sink"} 2)",
             R"(seedhook_certificate_expiry_seconds{certificate="/etc/cert.pem"} -5)",
             R"(# TYPE seedhook_callbacks_total counter)",
         }) {
        BOOST_TEST(has_line(text, line), line << " in\n" << text);
    }
}

BOOST_AUTO_TEST_CASE(counters_of_configured_names_begin_at_0) {
    const auto counts = make_metrics("0");
    counts->set_names({{"main", "other"}, {"main"}, {"library"}});
    const std::string text = counts->exposition();
    for (const std::string line : {
             R"(seedhook_callbacks_total{result="settled",source="main"} 0)",
             R"(seedhook_callbacks_total{result="unauthorized",source="other"} 0)",
             R"(seedhook_settled_total{by="callback",source="other",status="failed"} 0)",
             R"(seedhook_settled_total{by="poll",source="main",status="expired"} 0)",
             R"(seedhook_polls_total{result="unauthorized",source="main"} 0)",
             R"(seedhook_fetches_total{result="fetched"} 0)",
             R"(seedhook_deliveries_total{result="delivered",sink="library"} 0)",
             R"(seedhook_delivery_seconds_count{sink="library"} 0)",
         }) {
        BOOST_TEST(has_line(text, line), line << " in\n" << text);
    }
    BOOST_TEST(text.find(R"(seedhook_polls_total{result="finished",source="other"})") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(series_of_names_that_are_gone_are_shown_again_where_they_were_when_the_name_comes_back) {
    const auto counts = make_metrics("0");
    counts->set_names({{"main"}, {}, {"library"}});
    counts->delivery("library", "delivered", 0.1);
    counts->set_names({{"main"}, {}, {"archive"}});
    counts->delivery("library", "delivered", 0.1); // one that was under way
    BOOST_TEST(counts->exposition().find("library") == std::string::npos);
    BOOST_TEST(has_line(counts->exposition(), R"(seedhook_deliveries_total{result="delivered",sink="archive"} 0)"));
    counts->set_names({{"main"}, {}, {"library"}});
    BOOST_TEST(has_line(counts->exposition(), R"(seedhook_deliveries_total{result="delivered",sink="library"} 2)"));
}

BOOST_AUTO_TEST_CASE(the_process_is_described) {
    const auto counts = make_metrics("0");
    const std::string text = counts->exposition();
    const auto value_of = [&text](const std::string& name) {
        const auto at = ("\n" + text).find("\n" + name + " ");
        return at == std::string::npos ? -1.0 : std::stod(text.substr(at + name.size() + 1));
    };
    BOOST_TEST(value_of("process_resident_memory_bytes") > 1e6);
    BOOST_TEST(value_of("process_virtual_memory_bytes") >= value_of("process_resident_memory_bytes"));
    BOOST_TEST(value_of("process_open_fds") >= 3.0);
    BOOST_TEST(value_of("process_max_fds") >= value_of("process_open_fds"));
    BOOST_TEST(value_of("process_threads") >= 1.0);
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    BOOST_TEST(std::abs(now.count() - value_of("process_start_time_seconds")) < 600.0);
    BOOST_TEST(value_of("process_cpu_seconds_total") >= 0.0);
}

BOOST_AUTO_TEST_CASE(a_gauge_holds_what_was_set_last) {
    const auto counts = make_metrics("0");
    counts->set_tasks("stuck", 5);
    counts->set_tasks("stuck", 0);
    BOOST_TEST(has_line(counts->exposition(), R"(seedhook_tasks{stage="stuck"} 0)"));
}

BOOST_AUTO_TEST_CASE(label_values_cannot_break_a_line) {
    const auto counts = make_metrics("0");
    counts->set_certificate_expiry("a\"b\\c\nd", 1);
    BOOST_TEST(has_line(counts->exposition(), R"(seedhook_certificate_expiry_seconds{certificate="a\"b\\c\nd"} 1)"));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_when_several_threads_count) {
    const auto counts = make_metrics("0");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&counts] {
            for (int i = 0; i < 1000; ++i) {
                counts->callback(i % 2 == 0 ? "a" : "b", "settled", 0.001);
                counts->settled("a", "callback", "failed");
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(!counts->exposition().empty());
    }
    for (auto& thread : threads) {
        thread.join();
    }
    const std::string text = counts->exposition();
    BOOST_TEST(has_line(text, R"(seedhook_callbacks_total{result="settled",source="a"} 2000)"));
    BOOST_TEST(has_line(text, R"(seedhook_callbacks_total{result="settled",source="b"} 2000)"));
    BOOST_TEST(has_line(text, R"(seedhook_settled_total{by="callback",source="a",status="failed"} 4000)"));
}
