// To ping or not to ping, given the last answers.
#include "daemon/vital_signs.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace seedhook {
namespace {

using namespace std::chrono_literals;
using names = std::vector<std::string_view>;

struct patient {
    vital_part part(const std::string& name, bool waits_for_disk) {
        auto ask = [this, name](std::function<void()> answer) {
            ++asked[name];
            open[name] = std::move(answer);
        };
        return {name, waits_for_disk, std::move(ask)};
    }
    void answer(const std::string& name) { open.at(name)(); }
    names look(std::chrono::milliseconds at) { return signs.look(vital_signs::time(at)); }

    std::map<std::string, int> asked;
    std::map<std::string, std::function<void()>> open;
    vital_signs signs{{part("receive 0", false), part("store", true)}, plan_watch(30s)};
};

BOOST_AUTO_TEST_CASE(a_thread_has_half_the_watchdogs_limit_and_a_disk_six_times_it) {
    const watch_plan plan = plan_watch(30s);
    BOOST_TEST((plan.between_looks == 7500ms));
    BOOST_TEST((plan.patience == 15s));
    BOOST_TEST((plan.patience_with_disk == 180s));
    BOOST_TEST((plan_watch(1h).between_looks == 10s));
    BOOST_TEST((plan_watch(1us).between_looks == 10ms)); // no busy loop
}

BOOST_AUTO_TEST_CASE(all_is_well_while_everybody_answers) {
    patient p;
    for (auto now = 0ms; now < 10min; now += 7500ms) {
        BOOST_TEST((p.look(now) == names{}));
        p.answer("receive 0");
        p.answer("store");
    }
    BOOST_TEST(p.asked["receive 0"] == 80);
}

BOOST_AUTO_TEST_CASE(a_thread_that_stands_still_is_named_and_not_asked_again) {
    patient p;
    p.look(0s);
    p.answer("store");
    BOOST_TEST((p.look(15s) == names{}));
    BOOST_TEST((p.look(15001ms) == names{"receive 0"}));
    BOOST_TEST((p.look(10min) == names{"receive 0", "store"}));
    BOOST_TEST(p.asked["receive 0"] == 1);
    p.answer("receive 0");
    BOOST_TEST((p.look(11min) == names{"store"}));
    BOOST_TEST(p.asked["receive 0"] == 2);
}

BOOST_AUTO_TEST_CASE(a_slow_disk_is_waited_for_longer) {
    patient p;
    for (auto now = 0ms; now <= 180s; now += 7500ms) {
        BOOST_TEST((p.look(now) == names{}));
        p.answer("receive 0");
    }
    BOOST_TEST((p.look(187500ms) == names{"store"}));
    p.answer("store");
    BOOST_TEST((p.look(195s) == names{}));
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_when_nobody_looks_any_more_does_no_harm) {
    std::function<void()> late;
    {
        patient p;
        p.look(0s);
        late = p.open.at("store");
    }
    late();
}

} // namespace
} // namespace seedhook
