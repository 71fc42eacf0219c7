// Sizes, suggestions, and the reference that stands in docs/configuration.md.
#include "config/suggest.hpp"
#include "config_support.hpp"
#include "seedhook/config/reference.hpp"
#include "seedhook/config/size.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace seedhook::config;

namespace {

std::string read_project_file(const std::string& name) {
    std::ifstream in(std::filesystem::path(SEEDHOOK_PROJECT_DIR) / name);
    BOOST_REQUIRE_MESSAGE(in, name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

} // namespace

BOOST_AUTO_TEST_CASE(a_size_reads_back_as_it_is_written) {
    BOOST_TEST(parse_size("64KiB").value() == 65536U);
    BOOST_TEST(parse_size("16777215TiB").value() == 16777215ULL << 40);
    BOOST_TEST(parse_size("512").value() == 512U);
    for (const char* bad :
         {"", "KiB", "1 KiB", "1kib", "-1", "1.5GiB", "16777216TiB", "18446744073709551616", "1KiBx"}) {
        BOOST_TEST(!parse_size(bad).has_value(), bad);
    }
    for (const std::uint64_t size : {0ULL, 1ULL, 1000ULL, 1024ULL, 65536ULL, 3ULL << 30, (1ULL << 40) + 1}) {
        BOOST_TEST(parse_size(size_text(size)).value() == size);
    }
    BOOST_TEST(size_text(20ULL << 30) == "20GiB");
    BOOST_TEST(size_text(1536) == "1536");
}

BOOST_AUTO_TEST_CASE(the_nearest_word_is_a_small_misspelling_away) {
    const std::array<std::string_view, 4> words{"path", "name", "max_bytes", "on"};
    BOOST_TEST(nearest("pth", words).value() == "path");
    BOOST_TEST(nearest("paht", words).value() == "path");
    BOOST_TEST(nearest("maxBytes", words).value() == "max_bytes");
    BOOST_TEST(!nearest("banana", words).has_value());
    BOOST_TEST(!nearest("x", words).has_value());
    BOOST_TEST(!nearest("", words).has_value());
    BOOST_TEST(!nearest(std::string(100000, 'p'), words).has_value());
}

BOOST_AUTO_TEST_CASE(the_documents_hold_the_present_reference) {
    const std::string table = reference_table();
    BOOST_TEST(read_project_file("docs/configuration.md").find(table) != std::string::npos,
               "docs/configuration.md has another table than this (scripts/update-reference writes it there):\n"
                   << table);
}

BOOST_AUTO_TEST_CASE(the_example_is_valid) {
    fake_process p;
    p.credentials_directory = "/c";
    p.files = {{"/c/webhook-secret", "x"}, {"/c/old-webhook-secret", "y"}};
    for (const std::string& line : mistakes(read_project_file("config/seedhook.yaml"), p)) {
        BOOST_ERROR(line);
    }
}
