// Orders on their way to a runner.
#include "sinks/exec/order.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;
using exec::order;

namespace {

order example() {
    order what;
    what.argv = {"/bin/x", "", "a\nb", "--$(id)"};
    what.environment = {"A=1", "EMPTY="};
    what.working_directory = "/srv";
    what.document = "{}\n";
    what.video = "/spool/x.mp4";
    what.video_size = 12345678901;
    what.spool = "/spool";
    what.as.emplace();
    what.as->user = 0;
    what.as->group = 7;
    what.as->groups = {7, 4294967294};
    return what;
}

std::optional<order> round_trip(const order& what) {
    const std::string sent = exec::encode(what);
    BOOST_REQUIRE(exec::length_of(sent) == sent.size() - exec::order_header);
    return exec::decode(std::string_view(sent).substr(exec::order_header));
}

} // namespace

BOOST_AUTO_TEST_SUITE(exec_order)

BOOST_AUTO_TEST_CASE(an_order_arrives_as_it_was) {
    const order sent = example();
    const auto got = round_trip(sent);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->argv == sent.argv);
    BOOST_TEST(got->environment == sent.environment);
    BOOST_TEST(got->working_directory == sent.working_directory);
    BOOST_TEST(got->document == sent.document);
    BOOST_TEST(got->video == sent.video);
    BOOST_TEST(got->video_size == sent.video_size);
    BOOST_TEST(got->spool == sent.spool);
    BOOST_REQUIRE(got->as.has_value());
    BOOST_TEST(got->as->user.value() == 0);
    BOOST_TEST(got->as->group == 7);
    BOOST_TEST(got->as->groups == sent.as->groups);
}

BOOST_AUTO_TEST_CASE(nobody_else_and_a_group_alone_are_told_apart) {
    order sent = example();
    sent.as->user.reset();
    auto got = round_trip(sent);
    BOOST_REQUIRE((got && got->as));
    BOOST_TEST(!got->as->user.has_value());
    sent.as.reset();
    got = round_trip(sent);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(!got->as.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_or_goes_on_is_no_order) {
    const std::string whole = exec::encode(example()).substr(exec::order_header);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        BOOST_TEST(!exec::decode(std::string_view(whole).substr(0, size)).has_value());
    }
    BOOST_TEST(!exec::decode(whole + "T").has_value());
    std::string last_byte_lost = whole;
    last_byte_lost.back() = 'T';
    BOOST_TEST(!exec::decode(last_byte_lost).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
