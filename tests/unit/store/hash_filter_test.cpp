// A filter may be wrong about what is there, never about what is not.
#include "store/sqlite/hash_filter.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <random>

namespace seedhook::sqlite {
namespace {

struct hashes {
    std::int32_t next() { return static_cast<std::int32_t>(random()); }
    std::mt19937 random{1};
};

BOOST_AUTO_TEST_CASE(what_was_added_is_found_and_little_else_is) {
    constexpr int many = 100'000;
    hash_filter filter(many);
    hashes added;
    for (int i = 0; i < many; ++i) {
        filter.add(added.next());
    }
    hashes again;
    int missing = 0;
    for (int i = 0; i < many; ++i) {
        missing += filter.may_have(again.next()) ? 0 : 1;
    }
    BOOST_TEST(missing == 0);
    int in_vain = 0;
    for (int i = 0; i < many; ++i) {
        in_vain += filter.may_have(again.next()) ? 1 : 0;
    }
    BOOST_TEST(in_vain < many / 16);
    BOOST_TEST(in_vain > 0);
}

BOOST_AUTO_TEST_CASE(the_first_and_the_last_hash_have_a_place) {
    for (const std::size_t expected : {std::size_t{0}, std::size_t{1'000'000'000}}) {
        hash_filter filter(expected);
        for (const std::int32_t hash : {0, -1, INT32_MIN, INT32_MAX}) {
            BOOST_TEST(!filter.may_have(hash));
            filter.add(hash);
            BOOST_TEST(filter.may_have(hash));
        }
    }
}

BOOST_AUTO_TEST_CASE(it_is_worn_once_far_more_was_added_than_expected) {
    hash_filter filter(0);
    BOOST_TEST(!filter.is_worn());
    hashes some;
    for (int i = 0; i < 10'000; ++i) {
        filter.add(some.next());
    }
    BOOST_TEST(filter.is_worn());
    filter.complete();
    BOOST_TEST(!filter.is_worn());
}

} // namespace
} // namespace seedhook::sqlite
