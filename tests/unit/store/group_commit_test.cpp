// Group commit and what happens when a commit fails, over a database that does as it is told.
#include "commands.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/store/store.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace seedhook {
namespace {

using namespace test;
using namespace std::chrono_literals;

// What the test and the database on the store's threads share.
struct script {
    std::mutex mutex;
    std::condition_variable changed;
    bool hold = false;        // apply waits
    bool fail_apply = false;  // apply fails
    bool fail_reopen = false; // reopen fails
    bool broken = false;      // a failure not mended yet
    int applied_while_broken = 0;
    std::vector<std::size_t> batches;

    void set(bool script::*what, bool value) {
        const std::lock_guard guard(mutex);
        this->*what = value;
        changed.notify_all();
    }
};

class scripted_reader final : public database_reader {
public:
    result<std::vector<task_detail>> find(std::string_view, std::string_view) override {
        return std::vector<task_detail>(1);
    }
    result<task_page> list(const task_query&) override { return task_page(); }
    result<store_counts> counts(time_point) override { return store_counts(); }
    result<std::vector<told_event>> events_after(event_id, std::uint32_t) override { return std::vector<told_event>(); }
    result<event_id> newest_event() override { return event_id{0}; }
    result<std::vector<task_name>> tasks_with_files() override { return std::vector<task_name>(); }
    result<std::string> remembered(std::string_view) override { return std::string(); }
    result<std::vector<open_submission>> open_submissions() override { return std::vector<open_submission>(); }
};

class scripted_database final : public database {
public:
    explicit scripted_database(script& s) : script_(s) {}

    result<std::vector<reply>> apply(std::span<const command> commands) override {
        std::unique_lock lock(script_.mutex);
        script_.batches.push_back(commands.size());
        script_.changed.notify_all();
        script_.changed.wait(lock, [this] { return !script_.hold; });
        script_.applied_while_broken += script_.broken ? 1 : 0;
        if (script_.fail_apply) {
            script_.broken = true;
            return error(errc::io, "fsync: Input/output error");
        }
        return std::vector<reply>(commands.size(), settle_reply());
    }
    result<void> reopen() override {
        const std::lock_guard guard(script_.mutex);
        if (script_.fail_reopen) {
            return error(errc::io, "still broken");
        }
        script_.broken = false;
        return {};
    }
    result<void> maintain() override { return {}; }
    std::unique_ptr<database_reader> make_reader() override { return std::make_unique<scripted_reader>(); }

private:
    script& script_;
};

struct store_fixture {
    store_fixture() { open({}); }

    void open(store_settings settings, store_observer observer = {}) {
        tasks.reset();
        tasks = make_store(std::make_unique<scripted_database>(told), settings, std::move(observer));
    }

    // Spawns a settle; its result lands in `answers`.
    void post() {
        auto ended = [this](std::exception_ptr, result<settle_reply> r) { answers.push_back(std::move(r)); };
        asio::co_spawn(context, tasks->settle(settle("req", task_status::succeeded, at(1), {})), std::move(ended));
    }
    // Runs until `count` answers are there.
    void run_until(std::size_t count) {
        context.restart();
        while (answers.size() < count) {
            BOOST_REQUIRE(context.run_one_for(10s) > 0);
        }
    }
    void wait_for(const std::function<bool()>& holds) {
        std::unique_lock lock(told.mutex);
        BOOST_REQUIRE(told.changed.wait_for(lock, 10s, holds));
    }

    script told;
    asio::io_context context;
    std::vector<result<settle_reply>> answers;
    std::unique_ptr<store> tasks;
};

BOOST_FIXTURE_TEST_CASE(commands_that_wait_together_are_committed_together, store_fixture) {
    told.set(&script::hold, true);
    post();
    context.poll();
    wait_for([this] { return told.batches.size() == 1; });
    for (int i = 0; i < 10; ++i) {
        post();
    }
    context.poll();
    BOOST_TEST(answers.empty());
    told.set(&script::hold, false);
    run_until(11);
    BOOST_TEST((told.batches == std::vector<std::size_t>{1, 10}));
}

BOOST_FIXTURE_TEST_CASE(commands_of_one_turn_of_their_thread_are_committed_together, store_fixture) {
    bool together = false;
    // Again while the writer was still on its way to sleep: then it takes the first command without being woken.
    for (int tries = 0; tries < 20 && !together; ++tries) {
        told.batches.clear();
        answers.clear();
        for (int i = 0; i < 10; ++i) {
            post();
        }
        context.restart();
        context.run_one();
        std::this_thread::sleep_for(5ms); // a writer woken by the first command would commit it now
        run_until(10);
        together = told.batches == std::vector<std::size_t>{10};
    }
    BOOST_TEST(together);
}

BOOST_FIXTURE_TEST_CASE(a_batch_has_a_limit, store_fixture) {
    store_settings settings;
    settings.batch_limit = 4;
    open(settings);
    told.set(&script::hold, true);
    for (int i = 0; i < 9; ++i) {
        post();
    }
    context.poll();
    told.set(&script::hold, false);
    run_until(9);
    for (const std::size_t batch : told.batches) {
        BOOST_TEST(batch <= 4U);
    }
}

BOOST_FIXTURE_TEST_CASE(a_full_queue_refuses_at_once, store_fixture) {
    store_settings settings;
    settings.queue_limit = 2;
    open(settings);
    told.set(&script::hold, true);
    post();
    context.poll();
    wait_for([this] { return told.batches.size() == 1; });
    for (int i = 0; i < 3; ++i) {
        post();
    }
    run_until(1);
    BOOST_REQUIRE(answers[0].has_error());
    BOOST_TEST((answers[0].error().code == errc::unavailable));
    told.set(&script::hold, false);
    run_until(4);
}

BOOST_FIXTURE_TEST_CASE(after_a_failed_commit_nothing_is_acknowledged_until_the_database_is_reopened, store_fixture) {
    std::atomic<int> failures{0}, recoveries{0};
    store_observer observer;
    observer.failed = [&](const error&) { ++failures; };
    observer.recovered = [&] { ++recoveries; };
    open({}, std::move(observer));
    told.set(&script::fail_reopen, true);
    told.set(&script::fail_apply, true);
    post();
    run_until(1);
    BOOST_TEST(answers[0].has_error());
    BOOST_TEST(!tasks->available());
    // The disk works again, but the database has not been reopened: still nothing is taken.
    told.set(&script::fail_apply, false);
    post();
    run_until(2);
    BOOST_TEST(answers[1].has_error());
    BOOST_TEST(told.applied_while_broken == 0);
    while (failures < 2) { // the commit and at least one reopening
        std::this_thread::yield();
    }
    told.set(&script::fail_reopen, false);
    while (!tasks->available()) {
        std::this_thread::yield();
    }
    post();
    run_until(3);
    BOOST_TEST(answers[2].has_value());
    tasks->close();
    BOOST_TEST(recoveries == 1);
}

BOOST_FIXTURE_TEST_CASE(everyone_in_a_failed_batch_and_behind_it_is_told, store_fixture) {
    told.set(&script::hold, true);
    told.set(&script::fail_apply, true);
    for (int i = 0; i < 5; ++i) {
        post();
    }
    context.poll();
    told.set(&script::hold, false);
    run_until(5);
    for (const auto& answer : answers) {
        BOOST_TEST(answer.has_error());
    }
}

BOOST_FIXTURE_TEST_CASE(closing_commits_what_is_queued, store_fixture) {
    told.set(&script::hold, true);
    for (int i = 0; i < 5; ++i) {
        post();
    }
    context.poll();
    std::thread closer([this] { tasks->close(); });
    told.set(&script::hold, false);
    closer.join();
    run_until(5);
    for (const auto& answer : answers) {
        BOOST_TEST(answer.has_value());
    }
}

} // namespace
} // namespace seedhook
