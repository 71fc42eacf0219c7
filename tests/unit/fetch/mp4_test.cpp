// What passes for a whole MP4 and what does not.
#include "boxes.hpp"

#include "seedhook/fetch/mp4.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;
using namespace seedhook::test;

namespace {

// Fed in pieces of `piece` bytes. Empty when it is whole, else why not.
std::string verdict_on(std::string_view file, std::size_t piece) {
    mp4_check check;
    for (std::size_t at = 0; at < file.size(); at += piece) {
        const auto part = file.substr(at, piece);
        if (auto fed = check.update(std::span(part.data(), part.size())); !fed) {
            BOOST_TEST((fed.error().code == errc::invalid));
            BOOST_TEST(!check.finish());
            BOOST_TEST(!check.update(std::span("x", 1)));
            return fed.error().message;
        }
    }
    const auto ended = check.finish();
    return ended ? std::string() : ended.error().message;
}

std::string verdict_on(std::string_view file) {
    const std::string at_once = verdict_on(file, file.size() + 1);
    for (const std::size_t piece : {1U, 3U, 7U, 8U, 16U, 4096U}) {
        BOOST_TEST(verdict_on(file, piece) == at_once);
    }
    return at_once;
}

bool whole(std::string_view file) { return verdict_on(file).empty(); }
bool refused_because(std::string_view file, std::string_view why) {
    const std::string said = verdict_on(file);
    BOOST_TEST_MESSAGE(said);
    return said.find(why) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(whole_files_pass) {
    BOOST_TEST(whole(whole_mp4()));
    BOOST_TEST(whole(ftyp() + box("mdat", "media") + moov()));
    BOOST_TEST(whole(ftyp() + box("free", "") + moov() + box("mdat", "media")));
    BOOST_TEST(whole(ftyp() + long_box("moov", "x") + long_box("mdat", "media")));
    BOOST_TEST(whole(ftyp() + moov() + open_box("mdat", "media")));
    BOOST_TEST(whole(ftyp() + box("mdat", "media") + open_box("moov", "x")));
    BOOST_TEST(whole(ftyp() + moov() + box("moof", "x") + box("mdat", "media") + box("mfra", "x")));
    BOOST_TEST(whole(ftyp() + moov() + box("mdat", "media") + box("\xa9xyz", "")));
}

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_is_refused) {
    const std::string file = whole_mp4(300);
    for (std::size_t length = 0; length < file.size(); ++length) {
        BOOST_TEST_CONTEXT("cut at " << length) { BOOST_TEST(!verdict_on(file.substr(0, length), 5).empty()); }
    }
    BOOST_TEST(whole(file));
}

BOOST_AUTO_TEST_CASE(a_byte_too_many_is_refused) { BOOST_TEST(!whole(whole_mp4() + "x")); }

BOOST_AUTO_TEST_CASE(an_empty_file_is_refused) { BOOST_TEST(refused_because("", "empty")); }

BOOST_AUTO_TEST_CASE(a_web_page_is_refused_at_its_first_bytes) {
    BOOST_TEST(refused_because("<!DOCTYPE html><html></html>", "begins with `<!DOCTYP`"));
    BOOST_TEST(refused_because("{\"error\":1}", "not an MP4"));
    mp4_check check;
    BOOST_TEST(!check.update(std::span("<html>\n<", 8)));
}

BOOST_AUTO_TEST_CASE(the_first_box_must_be_ftyp) {
    BOOST_TEST(refused_because(moov() + ftyp() + box("mdat", "media"), "not an MP4"));
    BOOST_TEST(refused_because(long_box("moov", "x") + ftyp(), "not an MP4"));
    BOOST_TEST(refused_because(box("ftyp", "isom") + moov() + box("mdat", "m"), "too short"));
}

BOOST_AUTO_TEST_CASE(moov_and_mdat_must_be_there_and_not_empty) {
    BOOST_TEST(refused_because(ftyp() + box("mdat", "media"), "no `moov`"));
    BOOST_TEST(refused_because(ftyp() + box("mdat", "media") + box("moov", ""), "no `moov`"));
    BOOST_TEST(refused_because(ftyp() + box("mdat", "media") + open_box("moov", ""), "no `moov`"));
    BOOST_TEST(refused_because(ftyp() + moov(), "no `mdat`"));
    BOOST_TEST(refused_because(ftyp() + moov() + open_box("mdat", ""), "no `mdat`"));
}

BOOST_AUTO_TEST_CASE(impossible_sizes_are_refused) {
    for (const std::uint64_t size : {2U, 7U}) {
        BOOST_TEST(refused_because(ftyp() + big_endian(size, 4) + "moov" + "xxxxxxxxxx", "impossible size"));
    }
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{15}, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 20}) {
        BOOST_TEST(refused_because(ftyp() + big_endian(1, 4) + "moov" + big_endian(size, 8), "impossible size"));
    }
}

BOOST_AUTO_TEST_CASE(what_is_said_of_a_file_is_plain_ascii) {
    const std::string said = verdict_on(ftyp() + big_endian(7, 4) +
                                        "\xa9"
                                        "day" +
                                        "xxxxxxxxxx");
    BOOST_TEST(said == "not a whole MP4: the box `.day` at byte 20 has an impossible size");
}

BOOST_AUTO_TEST_CASE(a_size_past_the_end_is_refused_at_the_end) {
    BOOST_TEST(refused_because(ftyp() + moov() + big_endian(1000, 4) + "mdat" + "media", "cut off"));
    BOOST_TEST(refused_because(
        ftyp() + moov() + big_endian(1, 4) + "mdat" + big_endian(std::uint64_t{1} << 40, 8) + "m", "cut off"));
}

BOOST_AUTO_TEST_CASE(garbage_where_a_box_should_be_is_refused) {
    BOOST_TEST(refused_because(ftyp() + moov() + box("mdat", "m") + std::string(16, '\0'), "no box"));
    BOOST_TEST(
        refused_because(ftyp() + big_endian(20, 4) + std::string("\x01\x02\xff\xfe", 4) + "aaaaaaaaaaaa", "no box"));
}
