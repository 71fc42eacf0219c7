// The worker over a real store in a file of its own, with handlers that do as they are told.
#include "commands.hpp"
#include "temp_folder.hpp"

#include "seedhook/async/task_group.hpp"
#include "seedhook/async/time_limit.hpp"
#include "seedhook/work/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>

namespace seedhook {
namespace {

using namespace test;
using namespace std::chrono_literals;

class test_handler final : public handler {
public:
    awaitable<outcome> run(const claimed_job& work) override {
        ++running;
        most = std::max(most, running);
        seen.push_back(work.of.request_id + "#" + std::to_string(work.work.attempts));
        if (stubborn) { // hears the last word only, as an HTTP exchange does
            co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
        }
        const bool undisturbed = hold.count() == 0 || co_await sleep_for(hold);
        --running;
        if (!undisturbed) {
            co_return interrupted();
        }
        co_return answers(work);
    }

    duration hold{0};
    bool stubborn = false;
    int running = 0;
    int most = 0;
    std::vector<std::string> seen;
    std::function<outcome(const claimed_job&)> answers = [](const claimed_job&) { return done(some_video()); };
};

// Commits, and says that it failed: what a failed sync may come to.
class doubtful_database final : public database {
public:
    doubtful_database(std::unique_ptr<database> inner, std::function<bool(const command&)>& fails)
        : inner_(std::move(inner)), fails_(fails) {}

    result<std::vector<reply>> apply(std::span<const command> commands) override {
        auto replies = inner_->apply(commands);
        if (fails_ && std::any_of(commands.begin(), commands.end(), fails_)) {
            fails_ = nullptr;
            return error(errc::io, "the sync failed");
        }
        return replies;
    }
    result<void> reopen() override { return inner_->reopen(); }
    result<void> maintain() override { return inner_->maintain(); }
    std::unique_ptr<database_reader> make_reader() override { return inner_->make_reader(); }

private:
    std::unique_ptr<database> inner_;
    std::function<bool(const command&)>& fails_; // once
};

struct worker_fixture {
    worker_fixture() { start(); }
    ~worker_fixture() { stop(); }

    void start() {
        store_observer observer;
        observer.changed = [this] { works->wake(); };
        auto engine = open_sqlite({(folder.path() / "seedhook.db").string()}).value();
        tasks = make_store(std::make_unique<doubtful_database>(std::move(engine), fails), {}, std::move(observer));
        work_observer seen;
        seen.finished = [this](const attempt_report& attempt) { ended.push_back(attempt.step.state); };
        works = make_worker(context.get_executor(), *tasks, system_clock(), settings, std::move(seen));
        set_lanes();
    }
    void set_lanes() {
        retry_policy quick;
        quick.min_delay = 1ms;
        quick.max_delay = 5ms;
        quick.max_attempts = 3;
        std::vector<lane> lanes;
        lanes.push_back({job_kind::fetch, "", fetches, 2, quick, [this] { return fetching_waits; }});
        lanes.push_back({job_kind::deliver, "library", delivers, 1, quick});
        works->set_lanes(std::move(lanes), routes);
    }
    void stop() {
        tasks->close();
        works.reset();
        tasks.reset();
    }

    // Runs the worker beside `test` until that ends, then drains with `grace`.
    void run(awaitable<> test, duration grace = 5s) {
        context.restart();
        group.spawn(works->run(), "worker");
        asio::co_spawn(context, drive(std::move(test), grace), [](const std::exception_ptr& e) {
            if (e) {
                std::rethrow_exception(e);
            }
        });
        context.run();
    }
    awaitable<> drive(awaitable<> test, duration grace) {
        co_await std::move(test);
        group.cancel(asio::cancellation_type::total);
        co_await group.drained();
        co_await works->drain(grace);
    }
    awaitable<> settle_tasks(int count) {
        for (int i = 0; i < count; ++i) {
            const auto now = system_clock().now();
            auto c = settle("req_" + std::to_string(i), task_status::succeeded, now, routes);
            BOOST_REQUIRE((co_await tasks->settle(std::move(c))).has_value());
        }
    }
    awaitable<> until(std::function<bool()> holds) {
        for (int i = 0; i < 5000 && !holds(); ++i) {
            co_await sleep_for(1ms);
        }
        BOOST_REQUIRE(holds());
    }
    awaitable<task_detail> detail(std::string id) {
        const auto found = co_await tasks->find("main", std::move(id));
        co_return found.value().at(0);
    }

    temp_folder folder;
    asio::io_context context;
    task_group group{context.get_executor()};
    worker_settings settings;
    std::shared_ptr<const routing> routes = routes_to({"library"});
    std::shared_ptr<test_handler> fetches = std::make_shared<test_handler>();
    std::shared_ptr<test_handler> delivers = std::make_shared<test_handler>();
    std::vector<job_state> ended;
    bool fetching_waits = false;
    std::function<bool(const command&)> fails; // the next command like this is committed and said to have failed
    std::unique_ptr<store> tasks;
    std::unique_ptr<worker> works;
};

BOOST_FIXTURE_TEST_CASE(a_settled_task_is_fetched_and_delivered_to_the_end, worker_fixture) {
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return ended.size() == 2; });
        const task_detail d = co_await detail("req_0");
        BOOST_TEST((d.of.stage == task_stage::done));
    };
    run(test());
    BOOST_TEST((fetches->seen == std::vector<std::string>{"req_0#1"}));
    BOOST_TEST((delivers->seen == std::vector<std::string>{"req_0#1"}));
}

BOOST_FIXTURE_TEST_CASE(a_lane_keeps_within_its_concurrency_and_starves_nobody, worker_fixture) {
    fetches->hold = 2ms;
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(20);
        co_await until([this] { return ended.size() == 40; });
    };
    run(test());
    BOOST_TEST(fetches->most == 2);
    BOOST_TEST(delivers->most == 1);
    BOOST_TEST(fetches->seen.size() == 20U);
}

BOOST_FIXTURE_TEST_CASE(a_lane_that_waits_begins_nothing_until_it_is_woken, worker_fixture) {
    fetching_waits = true;
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(3);
        co_await sleep_for(20ms);
        BOOST_TEST(fetches->seen.empty());
        fetching_waits = false;
        works->wake();
        co_await until([this] { return ended.size() == 6; });
    };
    run(test());
    BOOST_TEST(fetches->seen.size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(a_passing_fault_is_tried_again_and_then_given_up, worker_fixture) {
    fetches->answers = [](const claimed_job&) { return again("connection refused"); };
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return ended.size() == 3; });
        const task_detail d = co_await detail("req_0");
        BOOST_TEST((d.of.stage == task_stage::stuck));
        BOOST_TEST(d.jobs.at(0).note == "gave up after 3 attempts: connection refused");
    };
    run(test());
    BOOST_TEST((fetches->seen == std::vector<std::string>{"req_0#1", "req_0#2", "req_0#3"}));
}

BOOST_FIXTURE_TEST_CASE(draining_waits_for_jobs_in_hand, worker_fixture) {
    fetches->hold = 20ms;
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return fetches->running == 1; });
    };
    run(test());
    BOOST_TEST((ended == std::vector<job_state>{job_state::done}));
}

BOOST_FIXTURE_TEST_CASE(a_job_that_outlasts_the_grace_is_interrupted_and_begins_anew_after_a_restart, worker_fixture) {
    fetches->hold = 1h;
    auto first = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return fetches->running == 1; });
    };
    run(first(), 5ms);
    BOOST_TEST(fetches->running == 0);
    stop();
    fetches->hold = 0ms;
    start();
    ended.clear();
    auto second = [this]() -> awaitable<> { co_await until([this] { return ended.size() == 2; }); };
    run(second());
    BOOST_TEST((fetches->seen == std::vector<std::string>{"req_0#1", "req_0#1"}));
}

BOOST_FIXTURE_TEST_CASE(a_job_that_hears_terminal_cancellation_only_is_interrupted_too, worker_fixture) {
    fetches->hold = 1h;
    fetches->stubborn = true;
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return fetches->running == 1; });
    };
    const auto began = std::chrono::steady_clock::now();
    run(test(), 5ms);
    BOOST_TEST(fetches->running == 0);
    BOOST_TEST((std::chrono::steady_clock::now() - began < 30s));
}

BOOST_FIXTURE_TEST_CASE(a_lease_that_lapsed_while_its_job_runs_starts_no_second_run, worker_fixture) {
    stop();
    settings.lease = 1ms; // lapses at once; the keeper is never in time
    start();
    fetches->hold = 50ms;
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return fetches->running == 1; });
        for (int i = 0; i < 10; ++i) {
            works->wake();
            co_await sleep_for(2ms);
        }
        co_await until([this] { return ended.size() == 2; });
    };
    run(test());
    BOOST_TEST(fetches->most == 1);
    BOOST_TEST(fetches->seen.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(jobs_of_a_killed_process_are_taken_up_at_once, worker_fixture) {
    auto before = [this]() -> awaitable<> {
        const auto now = system_clock().now();
        co_await settle_tasks(1);
        const auto taken = co_await tasks->claim(claim(job_kind::fetch, "", 1, now, settings.owner));
        BOOST_REQUIRE_EQUAL(taken.value().jobs.size(), 1U);
    };
    asio::co_spawn(context, before(), [](const std::exception_ptr& e) { BOOST_REQUIRE(!e); });
    context.run();
    stop();
    start();
    auto after = [this]() -> awaitable<> { co_await until([this] { return ended.size() == 2; }); };
    run(after());
    BOOST_TEST((fetches->seen == std::vector<std::string>{"req_0#2"}));
}

BOOST_FIXTURE_TEST_CASE(jobs_of_a_claim_that_failed_and_stands_are_taken_up_at_once, worker_fixture) {
    auto before = [this]() -> awaitable<> { co_await settle_tasks(1); };
    asio::co_spawn(context, before(), [](const std::exception_ptr& e) { BOOST_REQUIRE(!e); });
    context.run();
    fails = [](const command& c) { return std::holds_alternative<claim_command>(c); };
    auto test = [this]() -> awaitable<> { co_await until([this] { return ended.size() == 2; }); };
    run(test());
    BOOST_TEST((fetches->seen == std::vector<std::string>{"req_0#2"})); // nobody ran the first attempt
}

BOOST_FIXTURE_TEST_CASE(an_outcome_whose_commit_failed_and_stands_is_told_once, worker_fixture) {
    fails = [](const command& c) { return std::holds_alternative<finish_command>(c); };
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return ended.size() == 2; });
    };
    run(test());
    BOOST_TEST(fetches->seen.size() == 1U);
    BOOST_TEST(delivers->seen.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_long_job_keeps_its_lease, worker_fixture) {
    stop();
    settings.lease = 30ms;
    start();
    fetches->hold = 150ms;
    auto test = [this]() -> awaitable<> {
        co_await settle_tasks(1);
        co_await until([this] { return ended.size() == 2; });
    };
    run(test());
    BOOST_TEST((fetches->seen == std::vector<std::string>{"req_0#1"}));
}

BOOST_FIXTURE_TEST_CASE(deliveries_to_a_sink_that_is_gone_wait_for_it, worker_fixture) {
    auto test = [this]() -> awaitable<> {
        std::vector<lane> only_fetch;
        only_fetch.push_back({job_kind::fetch, "", fetches, 2, {}});
        works->set_lanes(std::move(only_fetch), routes);
        co_await settle_tasks(1);
        co_await until([this] { return ended.size() == 1; });
        co_await sleep_for(5ms);
        BOOST_TEST(delivers->seen.empty());
        set_lanes();
        co_await until([this] { return ended.size() == 2; });
    };
    run(test());
}

} // namespace
} // namespace seedhook
