// What was learnt, kept and read back.
#include "planner_setup.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace seedhook {
namespace {

using test::planner_setup;

struct learnt_planner : planner_setup {
    learnt_planner() {
        learn_many(1500, 0.2, 90);
        learn_many(300, 0.2, 300, "another\n\"model\"");
        text = plan->save();
    }

    std::string replaced(const std::string& what, const std::string& with) const {
        const std::size_t at = text.find(what);
        BOOST_TEST_REQUIRE(at != std::string::npos);
        return std::string(text).replace(at, what.size(), with);
    }

    std::string text;
};

BOOST_FIXTURE_TEST_CASE(what_was_learnt_comes_back, learnt_planner) {
    planner_setup other;
    BOOST_TEST(other.plan->restore(text));
    BOOST_TEST(other.plan->save() == text);
    for (const char* model : {"m", "another\n\"model\"", "new"}) {
        const auto away = (other.first(model) - first(model)).count();
        BOOST_TEST(std::abs(away) <= first(model).count() / 100);
    }
}

BOOST_FIXTURE_TEST_CASE(it_takes_a_few_kilobytes_a_model, learnt_planner) { BOOST_TEST(text.size() < 16 * 1024U); }

BOOST_AUTO_TEST_CASE(nothing_learnt_is_text_too) {
    planner_setup fresh;
    planner_setup other;
    BOOST_TEST(other.plan->restore(fresh.plan->save()));
    BOOST_TEST((other.first() == fresh.first()));
}

BOOST_FIXTURE_TEST_CASE(what_is_known_of_a_source_that_is_not_configured_is_left_out, learnt_planner) {
    planner_setup other;
    const std::string before = other.plan->save();
    BOOST_TEST(other.plan->restore(replaced("\"main\"", "\"gone\"")));
    BOOST_TEST(other.plan->save() == before);
}

BOOST_FIXTURE_TEST_CASE(text_that_was_cut_off_is_refused_whole, learnt_planner) {
    planner_setup other;
    const std::string before = other.plan->save();
    for (std::size_t length = 0; length < text.size(); length += 1 + length / 50) {
        BOOST_TEST_REQUIRE(!other.plan->restore(std::string_view(text).substr(0, length)));
    }
    BOOST_TEST(other.plan->save() == before);
}

BOOST_FIXTURE_TEST_CASE(text_of_another_version_or_of_no_version_is_refused, learnt_planner) {
    BOOST_TEST(!plan->restore(replaced("\"version\":1", "\"version\":2")));
    BOOST_TEST(!plan->restore(replaced("\"version\":1", "\"version\":\"1\"")));
    BOOST_TEST(!plan->restore(replaced("\"version\":1", "\"other\":1")));
    BOOST_TEST(plan->save() == text);
}

BOOST_FIXTURE_TEST_CASE(hostile_text_is_refused_and_changes_nothing, learnt_planner) {
    const std::string even = "[[333333,0,0],[333333,0,0],[333333,0,0]]";
    const std::string none = "[[333333,[]],[333333,[]],[333333,[]]]";
    const auto with = [](const std::string& lost, const std::string& all, const std::string& models) {
        return R"({"version":1,"sources":[{"name":"main","lost":)" + lost + R"(,"all":)" + all + R"(,"models":[)" +
               models + "]}]}";
    };
    const auto cells = [](const std::string& pairs) { return "[[333333," + pairs + "],[333333,[]],[333333,[]]]"; };
    std::string many;
    for (int i = 0; i < 33; ++i) {
        many += (i > 0 ? R"(,{"name":"m)" : R"({"name":"m)") + std::to_string(i) + R"(","times":)" + none + "}";
    }
    const std::string named = R"({"name":"m","times":)" + none + "}";
    const std::vector<std::string> hostile{
        "null",
        "[]",
        R"({"version":1})",
        R"({"version":1,"sources":{}})",
        R"({"version":1,"sources":[1]})",
        R"({"version":1,"sources":[{"name":"main"}]})",
        std::string(100'000, '['),
        with("[]", none, ""),
        with("[[333333,-1,0],[333333,0,0],[333333,0,0]]", none, ""),
        with("[[333333,1000,2000],[333333,0,0],[333333,0,0]]", none, ""),       // more lost than seen
        with("[[333333,9000000000000,0],[333333,0,0],[333333,0,0]]", none, ""), // more than are remembered
        with("[[333333,1e400,0],[333333,0,0],[333333,0,0]]", none, ""),
        with("[[333333,0.5,0],[333333,0,0],[333333,0,0]]", none, ""),
        with("[[1000000,0,0],[0,0,0],[0,0,0]]", none, ""), // never to be trusted again
        with("[[900000,0,0],[900000,0,0],[900000,0,0]]", none, ""),
        with(even, cells("[1]"), ""),
        with(even, cells("[274,1000]"), ""),
        with(even, cells("[-1,1000]"), ""),
        with(even, cells("[5,1000,5,1000]"), ""),
        with(even, cells("[6,1000,5,1000]"), ""),
        with(even, cells("[5,0]"), ""),
        with(even, cells("[5,100000,6,100000]"), ""), // more than the memory holds
        with(even, cells("[5,9223372036854775807]"), ""),
        with(even, cells("[5,18446744073709551615]"), ""),
        with(even, none, many),
        with(even, none, named + "," + named),
        with(even, none, R"({"name":"","times":)" + none + "}"),
        with(even, none, R"({"name":")" + std::string(129, 'x') + R"(","times":)" + none + "}"),
        with(even, none, R"({"name":7,"times":)" + none + "}"),
    };
    BOOST_TEST(planner_setup().plan->restore(with(even, none, named))); // without the harm it is taken
    for (const std::string& bad : hostile) {
        BOOST_TEST_CONTEXT(bad.substr(0, 200)) { BOOST_TEST(!plan->restore(bad)); }
    }
    BOOST_TEST(plan->save() == text);
}

BOOST_FIXTURE_TEST_CASE(no_changed_byte_makes_it_ask_at_impossible_times, learnt_planner) {
    for (int i = 0; i < 3000; ++i) {
        std::string changed = text;
        changed[chance() % changed.size()] = static_cast<char>(chance() % 256);
        planner_setup other;
        static_cast<void>(other.plan->restore(changed));
        BOOST_TEST_REQUIRE((other.first() >= duration::zero() && other.first() <= std::chrono::days(8)));
        BOOST_TEST_REQUIRE((other.next(other.first()) > duration::zero()));
    }
}

} // namespace
} // namespace seedhook
