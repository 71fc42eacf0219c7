// When to ask.
#include "planner_setup.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace seedhook {
namespace {

using namespace std::chrono_literals;
using test::log_normal_finished;
using test::planner_now;
using test::planner_setup;

// The chance that a silent task is finished.
double chance_finished(double lost, double finished) { return lost * finished / (lost * finished + 1 - finished); }

bool about(duration value, duration expected, double share = 0.15) {
    BOOST_TEST_MESSAGE(to_string(value));
    return std::abs(static_cast<double>((value - expected).count())) < share * static_cast<double>(expected.count());
}

BOOST_FIXTURE_TEST_CASE(knowing_nothing_it_asks_after_three_minutes_then_up_to_five_apart, planner_setup) {
    BOOST_TEST(about(first(), 188s, 0.02));
    BOOST_TEST((next(5s) < next(60s)));
    for (const duration asked : {duration(188s), duration(500s), duration(1h), duration(20h)}) {
        BOOST_TEST(about(next(asked), 5min, 0.02));
    }
}

BOOST_FIXTURE_TEST_CASE(it_asks_when_the_chance_is_worth_a_call, planner_setup) {
    learn_many(20'000, 0.05, 90);
    BOOST_TEST(chance_finished(0.05, log_normal_finished(first(), 90)) == 0.339, boost::test_tools::tolerance(0.25));
}

BOOST_FIXTURE_TEST_CASE(after_an_ask_the_chance_counts_from_there, planner_setup) {
    learn_many(20'000, 0.3, 90);
    const duration asked = first();
    const duration again = asked + next(asked);
    const double before = log_normal_finished(asked, 90);
    const double since = (log_normal_finished(again, 90) - before) / (1 - before);
    BOOST_TEST(chance_finished(0.3, since) == 0.339, boost::test_tools::tolerance(0.25));
}

BOOST_FIXTURE_TEST_CASE(where_callbacks_always_come_it_hardly_asks_but_does, planner_setup) {
    learn_many(20'000, 0, 90);
    const double finished = log_normal_finished(first(), 90);
    BOOST_TEST(finished > 0.98);
    BOOST_TEST((first() < 15min));
}

BOOST_FIXTURE_TEST_CASE(where_none_comes_it_asks_when_a_third_are_finished, planner_setup) {
    learn_many(5000, 1, 90);
    BOOST_TEST(log_normal_finished(first(), 90) == 0.339, boost::test_tools::tolerance(0.2));
}

BOOST_FIXTURE_TEST_CASE(its_own_polls_alone_teach_it_how_long_tasks_take, planner_setup) {
    for (const double median : {90.0, 600.0, 20.0}) {
        for (int i = 0; i < 3000; ++i) {
            const duration took = test::log_normal_time(chance, median);
            duration asked = first();
            std::optional<duration> unfinished;
            for (std::uint32_t asks = 1; asked < took; ++asks) {
                unfinished = asked;
                asked += next(asked, asks);
            }
            polled(asked, unfinished);
        }
        BOOST_TEST(log_normal_finished(first(), median) == 0.339, boost::test_tools::tolerance(0.25));
    }
}

BOOST_FIXTURE_TEST_CASE(a_poll_long_after_the_end_does_not_blur_what_is_known, planner_setup) {
    learn_many(5000, 0, 90);
    const duration before = first();
    for (int i = 0; i < 2000; ++i) {
        polled(600s);
        came_late(); // so that only the settle times could change
    }
    BOOST_TEST(about(first(), before, 0.1));
}

BOOST_FIXTURE_TEST_CASE(a_shift_is_followed_within_500_tasks, planner_setup) {
    learn_many(20'000, 0.05, 90);
    const duration before = first();
    learn_many(500, 0.05, 240);
    BOOST_TEST(about(first(), before * 240 / 90, 0.2));
}

BOOST_FIXTURE_TEST_CASE(an_outage_is_seen_at_once_and_forgotten_within_500_tasks, planner_setup) {
    learn_many(5000, 0, 90);
    const duration calm = first();
    for (int i = 0; i < 30; ++i) {
        polled(100s);
    }
    BOOST_TEST((first() < 130s));
    learn_many(500, 0, 90);
    BOOST_TEST(about(first(), calm, 0.25));
}

BOOST_FIXTURE_TEST_CASE(a_callback_that_was_only_late_is_not_lost, planner_setup) {
    learn_many(5000, 0, 90);
    const duration calm = first();
    for (int i = 0; i < 30; ++i) {
        polled(100s);
        came_late();
    }
    BOOST_TEST(about(first(), calm, 0.1));
}

BOOST_FIXTURE_TEST_CASE(models_are_told_apart_and_an_unknown_one_takes_as_long_as_all, planner_setup) {
    for (int i = 0; i < 10; ++i) {
        learn_many(200, 0.3, 30, "fast");
        learn_many(200, 0.3, 600, "slow");
    }
    BOOST_TEST((first("fast") < 90s));
    BOOST_TEST((first("slow") > 500s));
    BOOST_TEST((first("fast") < first("new")));
    BOOST_TEST((first("new") <= first("slow")));
    BOOST_TEST((first("") == first("new")));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_learnt_of_a_source_that_is_not_configured, planner_setup) {
    const std::string before = plan->save();
    settlement s;
    s.source = "other";
    s.by = "callback";
    s.submitted_at = s.settled_at = planner_now;
    plan->learn(s);
    BOOST_TEST(plan->save() == before);
    BOOST_TEST((first("m", "other") == first()));
}

BOOST_FIXTURE_TEST_CASE(any_number_of_models_takes_bounded_memory, planner_setup) {
    for (int i = 0; i < 10'000; ++i) {
        learn_many(1, 0.05, 90, "m" + std::to_string(i));
    }
    learn_many(1, 0.05, 90, std::string(100'000, 'x'));
    BOOST_TEST(plan->save().size() < 64 * 1024U);
    BOOST_TEST(about(first("another"), 200s, 0.2)); // all together they taught it
}

BOOST_FIXTURE_TEST_CASE(a_model_in_use_is_not_driven_out_by_others, planner_setup) {
    learn_many(3000, 0.3, 30, "mine");
    const duration before = first("mine");
    for (int i = 0; i < 2000; ++i) {
        learn_many(1, 0.3, 600, "m" + std::to_string(i));
        if (i % 10 == 0) {
            learn_many(1, 0.3, 30, "mine");
        }
    }
    BOOST_TEST(about(first("mine"), before, 0.2));
}

BOOST_FIXTURE_TEST_CASE(times_that_cannot_be_are_not_learnt, planner_setup) {
    learn_many(2000, 0, 90);
    const duration before = first();
    for (int i = 0; i < 200; ++i) {
        called_back(-24h * 30);
        called_back(24h * 30);
        called_back(duration::max() / 2);
    }
    BOOST_TEST(about(first(), before, 0.1));
    polled(100s, 200s); // last unfinished after it was finished
    polled(100s, -200s);
    BOOST_TEST((first() > 60s));
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_jumps_moves_no_ask_far, planner_setup) {
    learn_many(2000, 0.05, 90);
    const duration first_ask = first();
    for (const duration jump : {duration(24h * 30), duration(1h), duration(24h * 36500)}) {
        // Back: the task seems submitted in the future.
        BOOST_TEST((plan->first_ask("main", "m", planner_now + jump, planner_now) == planner_now + first_ask));
        BOOST_TEST((next(-jump) > 0s && next(-jump) <= 10min));
        // Forth: it seems overdue.
        BOOST_TEST((plan->first_ask("main", "m", planner_now - jump, planner_now) == planner_now));
        BOOST_TEST((next(jump) > 0s && next(jump) <= 10min));
    }
}

BOOST_FIXTURE_TEST_CASE(where_tasks_take_a_second_it_still_lets_two_pass_between_asks, planner_setup) {
    for (int i = 0; i < 2000; ++i) {
        polled(1s, 500ms);
    }
    BOOST_TEST((next(2s) >= 2s));
}

BOOST_FIXTURE_TEST_CASE(where_tasks_take_hours_it_does_not_ask_every_five_minutes, planner_setup) {
    learn_many(3000, 0.05, 4 * 3600);
    BOOST_TEST((first() > 6h));
    BOOST_TEST((next(first()) > 1h));
}

BOOST_AUTO_TEST_CASE(fixed_asks_double_from_first_after_to_the_longest_interval) {
    planner_setup fixed;
    fixed.plan->configure({{"main", {duration(30s), duration(5min)}}});
    fixed.learn_many(2000, 1, 900); // not that it mattered
    BOOST_TEST((fixed.first() == 30s));
    BOOST_TEST((fixed.plan->first_ask("main", "m", planner_now - 1h, planner_now) == planner_now));
    BOOST_TEST((fixed.plan->first_ask("main", "m", planner_now + 1h, planner_now) == planner_now + 30s));
    const std::chrono::seconds expected[]{60s, 120s, 240s, 300s, 300s};
    for (std::uint32_t i = 0; i < 5; ++i) {
        BOOST_TEST(about(fixed.next(1min, i + 1, 0.99999), expected[i], 0.001));
        BOOST_TEST(about(fixed.next(1min, i + 1, 0), expected[i] * 4 / 5, 0.001));
    }
    BOOST_TEST((fixed.next(1min, 4'000'000'000U, 0.99999) <= 5min));
    fixed.plan->configure({{"main", {duration(0), duration(0)}}});
    BOOST_TEST((fixed.next(1min, 0, 0) >= 2s));
}

BOOST_FIXTURE_TEST_CASE(a_reload_keeps_what_is_known_of_the_sources_that_stay, planner_setup) {
    learn_many(2000, 0.05, 90);
    const duration learnt = first();
    plan->configure({{"main", asking()}, {"more", asking()}});
    BOOST_TEST((first() == learnt));
    plan->configure({{"more", asking()}});
    plan->configure(one_source());
    BOOST_TEST((first() != learnt));
}

BOOST_FIXTURE_TEST_CASE(it_may_be_used_by_several_threads, planner_setup) {
    std::vector<std::thread> users;
    for (int t = 0; t < 4; ++t) {
        users.emplace_back([this, t] {
            settlement s;
            s.source = "main";
            s.model = "m" + std::to_string(t);
            s.by = t % 2 == 0 ? "poll" : "callback";
            s.submitted_at = planner_now;
            s.settled_at = planner_now + 90s;
            for (int i = 0; i < 200; ++i) {
                plan->learn(s);
                static_cast<void>(plan->first_ask("main", s.model, planner_now, planner_now));
                static_cast<void>(plan->restore(plan->save()));
            }
        });
    }
    for (std::thread& user : users) {
        user.join();
    }
    BOOST_TEST((first("m0") > 0s));
}

BOOST_AUTO_TEST_CASE(a_task_whose_callback_goes_elsewhere_is_asked_about_as_if_all_were_lost) {
    const auto plan = make_planner({{"main", asking()}});
    for (int i = 0; i < 300; ++i) {
        plan->learn({"main", "m", "callback", planner_now, planner_now + 90s + i * 100ms, {}, false});
    }
    const auto here = plan->first_ask("main", "m", planner_now, planner_now);
    const auto elsewhere = plan->first_ask("main", "m", planner_now, planner_now, callbacks::elsewhere);
    BOOST_TEST((here > planner_now + 118s));
    BOOST_TEST((elsewhere < planner_now + 110s));
}

} // namespace
} // namespace seedhook
