// What reaches standard error: order, levels, loss, and that stopping is safe at any time.
#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace seedhook;
using namespace std::string_view_literals;

namespace {

// Standard error goes elsewhere while this lives.
class captured_stderr {
public:
    // A memfd's position is not shared safely between writers; appending is.
    captured_stderr() : captured_stderr(::memfd_create("stderr", MFD_CLOEXEC)) { ::fcntl(file_, F_SETFL, O_APPEND); }
    explicit captured_stderr(int into) : file_(into), saved_(::dup(STDERR_FILENO)) { ::dup2(file_, STDERR_FILENO); }
    ~captured_stderr() {
        log::flush_and_stop();
        ::dup2(saved_, STDERR_FILENO);
        ::close(saved_);
        ::close(file_);
    }
    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;

    std::vector<std::string> lines() const {
        std::string text(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
        BOOST_REQUIRE(::pread(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
        std::vector<std::string> out;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            out.push_back(line);
        }
        return out;
    }

private:
    int file_;
    int saved_;
};

bool has(const std::string& line, std::string_view part) { return line.find(part) != std::string::npos; }

} // namespace

BOOST_AUTO_TEST_CASE(lines_before_configure_go_out_at_once_as_text_at_info) {
    const captured_stderr err;
    BOOST_TEST(log::enabled(log::level::info));
    BOOST_TEST(!log::enabled(log::level::debug));
    log::debug("unseen");
    log::info("early", {{"a", "b"sv}});
    const auto lines = err.lines();
    BOOST_REQUIRE(lines.size() == 1u);
    BOOST_TEST(lines[0].ends_with(" INFO early a=b"));
}

BOOST_AUTO_TEST_CASE(lines_keep_their_order_and_all_arrive_by_the_time_logging_has_stopped) {
    const captured_stderr err;
    log::configure(log::level::debug, log::format::json);
    for (std::int64_t i = 0; i < 2000; ++i) {
        log::debug("line", {{"i", i}});
    }
    log::flush_and_stop();
    const auto lines = err.lines();
    BOOST_REQUIRE(lines.size() == 2000u);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        BOOST_TEST_REQUIRE(boost::json::parse(lines[i]).at("i").to_number<std::size_t>() == i);
    }
}

BOOST_AUTO_TEST_CASE(level_and_format_can_change_while_running) {
    const captured_stderr err;
    log::configure(log::level::error, log::format::json);
    log::info("unseen");
    log::configure(log::level::info, log::format::text);
    log::info("seen");
    log::configure(log::level::info, log::format::automatic); // not a terminal: JSON
    log::info("seen too");
    log::flush_and_stop();
    const auto lines = err.lines();
    BOOST_REQUIRE(lines.size() == 2u);
    BOOST_TEST(lines[0].ends_with(" INFO seen"));
    BOOST_TEST(has(lines[1], R"("message":"seen too")"));
}

BOOST_AUTO_TEST_CASE(lines_that_repeat_are_written_once_and_counted) {
    const captured_stderr err;
    log::configure(log::level::info, log::format::text);
    for (std::int64_t i = 0; i < 5; ++i) {
        log::write_seldom(log::level::warning, "refused", 1, {{"source", "main"sv}, {"i", i}});
    }
    log::write_seldom(log::level::warning, "refused", 1, {{"source", "other"sv}, {"i", std::int64_t{5}}});
    log::tell_suppressed(); // their minute is not over
    log::flush_and_stop();
    const auto lines = err.lines();
    BOOST_REQUIRE(lines.size() == 3u);
    BOOST_TEST(lines[0].ends_with("WARNING refused source=main i=0"));
    BOOST_TEST(lines[1].ends_with("WARNING refused source=other i=5"));
    BOOST_TEST(lines[2].ends_with(R"(WARNING lines suppressed of="refused source=main" lines=4)"));
}

BOOST_AUTO_TEST_CASE(at_debug_lines_that_repeat_are_all_written) {
    const captured_stderr err;
    log::configure(log::level::debug, log::format::text);
    for (int i = 0; i < 5; ++i) {
        log::write_seldom(log::level::warning, "refused", 0, {});
    }
    log::flush_and_stop();
    BOOST_TEST(err.lines().size() == 5u);
}

BOOST_AUTO_TEST_CASE(stopping_twice_and_logging_afterwards_are_fine) {
    const captured_stderr err;
    log::configure(log::level::info, log::format::text);
    log::flush_and_stop();
    log::flush_and_stop();
    log::info("late");
    BOOST_TEST(err.lines().size() == 1u);
    log::configure(log::level::info, log::format::text);
    log::info("again");
    log::flush_and_stop();
    BOOST_TEST(err.lines().size() == 2u);
}

BOOST_AUTO_TEST_CASE(several_threads_may_log_while_another_stops) {
    const captured_stderr err;
    log::configure(log::level::info, log::format::text);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < 500; ++i) {
                log::info("line");
            }
        });
    }
    log::flush_and_stop();
    for (auto& thread : threads) {
        thread.join();
    }
    BOOST_TEST(err.lines().size() == 2000u);
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_stops_nobody_and_the_loss_is_said) {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    std::string read_text;
    {
        const captured_stderr err(ends[1]);
        log::configure(log::level::info, log::format::text);
        for (std::int64_t i = 0; i < 60'000; ++i) { // more than the pipe and the queue hold
            log::info("a line that nobody reads yet", {{"i", i}});
        }
        std::thread reader([&] {
            std::vector<char> buffer(65536);
            while (!read_text.ends_with("the end\n")) {
                const auto n = ::read(ends[0], buffer.data(), buffer.size());
                if (n <= 0) {
                    break;
                }
                read_text.append(buffer.data(), static_cast<std::size_t>(n));
            }
        });
        log::flush_and_stop();
        log::info("the end");
        reader.join();
    }
    ::close(ends[0]);
    BOOST_TEST(has(read_text, " WARNING log lines lost lost="));
    BOOST_TEST(has(read_text, "i=0\n"));
    BOOST_TEST(has(read_text, "i=10000\n"));
    BOOST_TEST(!has(read_text, "i=59999\n"));
}
