// Chance that repeats.
#include "sandbox/plan.hpp"
#include "sandbox/video.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

constexpr std::uint64_t many = 4000;

options misbehaving() {
    options o;
    o.seed = 42;
    o.fail = 0.1;
    o.cancelled = 0.05;
    o.lose = 0.3;
    o.duplicate = 0.2;
    o.delay = 0.5;
    o.expire_urls = 0.25;
    o.break_downloads = 0.15;
    o.odd_status = 0.35;
    o.odd_error = 0.45;
    o.no_url = 0.55;
    o.forget = 0.65;
    return o;
}

template <class Predicate>
double share_of(const options& o, Predicate has) {
    unsigned count = 0;
    for (std::uint64_t n = 0; n < many; ++n) {
        count += has(make_plan(o, n)) ? 1U : 0U;
    }
    return static_cast<double>(count) / static_cast<double>(many);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_same_seed_and_ordinal_make_the_same_plan) {
    const options o = misbehaving();
    for (std::uint64_t n = 0; n < 50; ++n) {
        const plan a = make_plan(o, n);
        const plan b = make_plan(o, n);
        BOOST_TEST(a.request_id == b.request_id);
        BOOST_TEST((a.fate == b.fate && a.settles_after == b.settles_after && a.video_size == b.video_size));
    }
}

BOOST_AUTO_TEST_CASE(another_seed_makes_other_ids) {
    options other = misbehaving();
    other.seed = 43;
    BOOST_TEST(make_plan(misbehaving(), 0).request_id != make_plan(other, 0).request_id);
}

BOOST_AUTO_TEST_CASE(request_ids_are_valid_and_never_repeat) {
    std::set<std::string> seen;
    for (std::uint64_t n = 0; n < many; ++n) {
        const std::string id = make_plan(misbehaving(), n).request_id;
        BOOST_REQUIRE(valid_request_id(id));
        BOOST_REQUIRE(id.size() == 20);
        BOOST_REQUIRE(seen.insert(id).second);
    }
}

BOOST_AUTO_TEST_CASE(shares_come_out_as_asked) {
    const options o = misbehaving();
    const auto near = [](double share, double wanted) { return share > wanted - 0.03 && share < wanted + 0.03; };
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.fate == task_status::failed; }), 0.1));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.fate == task_status::cancelled; }), 0.05));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.callback_lost; }), 0.3));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.callback_twice; }), 0.2));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.callback_after > duration(0); }), 0.5));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.url_expires; }), 0.25));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.breaks_off; }), 0.15));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return !p.odd_status.empty(); }), 0.35));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.odd_error.has_value(); }), 0.45));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.no_url.has_value(); }), 0.55));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.forgotten_calls == 2; }), 0.65));
    BOOST_TEST(near(share_of(o, [](const plan& p) { return p.callback_lost && p.callback_twice; }), 0.06));
}

BOOST_AUTO_TEST_CASE(shares_of_none_and_all_are_exact) {
    options o;
    o.lose = 1;
    BOOST_TEST(share_of(o, [](const plan& p) { return p.callback_lost; }) == 1.0);
    BOOST_TEST(share_of(o, [](const plan& p) { return p.callback_twice; }) == 0.0);
    BOOST_TEST(share_of(o, [](const plan& p) { return p.fate == task_status::succeeded; }) == 1.0);
}

BOOST_AUTO_TEST_CASE(every_shape_of_an_oddity_comes) {
    options o;
    o.odd_status = o.odd_error = o.no_url = 1;
    std::set<std::string_view> statuses;
    std::set<unsigned> errors;
    std::set<unsigned> outputs;
    for (std::uint64_t n = 0; n < 200; ++n) {
        const plan p = make_plan(o, n);
        statuses.insert(p.odd_status);
        errors.insert(p.odd_error.value());
        outputs.insert(p.no_url.value());
    }
    BOOST_TEST(statuses.size() == 4U);
    for (const std::string_view each : statuses) {
        BOOST_TEST(!parse_task_status(each));
    }
    BOOST_TEST(errors.size() == odd_error_forms);
    BOOST_TEST(outputs.size() == no_url_forms);
}

BOOST_AUTO_TEST_CASE(a_task_can_be_forgotten_for_ever) {
    options o;
    o.forget = 1;
    o.forget_calls = 0;
    BOOST_TEST(make_plan(o, 0).forgotten_calls > std::uint64_t{1} << 60U);
}

BOOST_AUTO_TEST_CASE(one_share_does_not_change_the_rest) {
    options more = misbehaving();
    more.lose = 0.9;
    for (std::uint64_t n = 0; n < 200; ++n) {
        const plan a = make_plan(misbehaving(), n);
        const plan b = make_plan(more, n);
        BOOST_REQUIRE((a.fate == b.fate && a.callback_twice == b.callback_twice && a.video_key == b.video_key));
        BOOST_REQUIRE((!a.callback_lost || b.callback_lost));
    }
}

BOOST_AUTO_TEST_CASE(times_stay_within_the_spread) {
    options o;
    o.settle_after = duration(1000);
    o.spread = 0.25;
    std::set<duration> seen;
    for (std::uint64_t n = 0; n < 200; ++n) {
        const duration d = make_plan(o, n).settles_after;
        BOOST_REQUIRE((d >= duration(750) && d <= duration(1250)));
        seen.insert(d);
    }
    BOOST_TEST(seen.size() > 50U);
    o.spread = 0;
    BOOST_TEST(make_plan(o, 3).settles_after.count() == 1000);
}

BOOST_AUTO_TEST_CASE(videos_have_the_asked_size_or_small_ones_that_differ) {
    options o;
    BOOST_TEST(make_plan(o, 0).video_size != make_plan(o, 1).video_size);
    BOOST_TEST(make_plan(o, 0).video_size >= smallest_video());
    o.video_bytes = 1'000'000;
    BOOST_TEST(make_plan(o, 0).video_size == 1'000'000U);
}
