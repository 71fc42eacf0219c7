// Names beside taken ones, and whose manifest it is.
#include "sinks/disk.hpp"
#include "sinks/naming.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>

using namespace seedhook;

BOOST_AUTO_TEST_CASE(later_names_are_numbered_before_the_extension) {
    BOOST_TEST(numbered_name("clip.mp4", 1, "") == "clip.mp4");
    BOOST_TEST(numbered_name("clip.mp4", 2, "") == "clip-2.mp4");
    BOOST_TEST(numbered_name("a.b.mp4", 10, ".json") == "a.b-10.mp4");
    BOOST_TEST(numbered_name("clip", 2, "") == "clip-2");
    BOOST_TEST(numbered_name("_clip.", 3, "") == "_clip-3.");
}

BOOST_AUTO_TEST_CASE(long_names_are_cut_so_that_number_and_manifest_fit) {
    const std::string longest = std::string(251, 'a') + ".mp4";
    BOOST_TEST(numbered_name(longest, 1, "") == longest);
    BOOST_TEST(numbered_name(longest, 1, ".json") == std::string(246, 'a') + ".mp4");
    BOOST_TEST(numbered_name(longest, 12, ".json") == std::string(243, 'a') + "-12.mp4");
    std::string umlauts;
    for (int i = 0; i < 125; ++i) {
        umlauts += "\xc3\xa4";
    }
    const std::string cut = numbered_name(umlauts + ".mp4", 1, ".json"); // 246 bytes would be 123 characters
    BOOST_TEST(cut == umlauts.substr(0, 246) + ".mp4");
    const std::string odd = numbered_name("x" + umlauts + ".mp4", 1, ".json");
    BOOST_TEST(odd == "x" + umlauts.substr(0, 244) + ".mp4"); // not through the middle of a character
}

BOOST_AUTO_TEST_CASE(a_manifest_is_ours_by_its_delivery_id) {
    const std::string ours = R"({"deliveryId":"dlv_1","attempt":2,"status":"succeeded"})";
    BOOST_TEST(
        (compare_manifest(R"({"deliveryId":"dlv_1","attempt":1,"status":"succeeded"})", ours) == manifest_match::same));
    BOOST_TEST(
        (compare_manifest(R"({"deliveryId":"dlv_1","attempt":1,"status":"failed"})", ours) == manifest_match::earlier));
    BOOST_TEST((compare_manifest(R"({"deliveryId":"dlv_2","attempt":2,"status":"succeeded"})", ours) ==
                manifest_match::foreign));
    for (const char* none : {"", "null", "[]", "{}", "{\"deliveryId\":1}", "{\"deliveryId\":\"dlv_1\""}) {
        BOOST_TEST((compare_manifest(none, ours) == manifest_match::foreign));
    }
}

BOOST_AUTO_TEST_CASE(what_a_person_must_mend_blocks_and_the_rest_passes) {
    for (const int value : {EACCES, EPERM, EROFS, ENOSPC, EDQUOT, ENOTDIR, ELOOP, EXDEV}) {
        const outcome o = outcome_of_errno("writing /srv/videos/a.mp4", value);
        BOOST_REQUIRE(std::holds_alternative<blocked>(o));
        BOOST_TEST(std::get<blocked>(o).why.starts_with("writing /srv/videos/a.mp4: "));
    }
    for (const int value : {EIO, EMFILE, ENFILE, ENOMEM, ESTALE, EBUSY}) {
        BOOST_TEST(std::holds_alternative<again>(outcome_of_errno("x", value)));
    }
    BOOST_TEST(std::holds_alternative<rejected>(outcome_of_errno("x", ENAMETOOLONG)));
}
