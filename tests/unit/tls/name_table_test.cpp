// Which certificates a client gets, by the name it asks for.
#include "tls/name_table.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using seedhook::tls::name_table;
using choice = std::vector<std::size_t>;

constexpr int rsa = 1;
constexpr int ecdsa = 2;

void gets(const name_table& table, std::string_view host, const choice& wanted) {
    const choice& got = table.choices().at(table.find(host));
    BOOST_TEST_CONTEXT(host) { BOOST_TEST(got == wanted, boost::test_tools::per_element()); }
}

BOOST_AUTO_TEST_CASE(an_exact_name_goes_before_a_wildcard_and_an_unknown_one_gets_the_first) {
    const name_table table({{{"one.example.com"}, rsa}, {{"*.example.com"}, rsa}, {{"two.example.com"}, rsa}});
    gets(table, "one.example.com", {0});
    gets(table, "two.example.com", {2});
    gets(table, "three.example.com", {1});
    gets(table, "example.com", {0});
    gets(table, "a.b.example.com", {0});
    gets(table, "other.org", {0});
    gets(table, "", {0});
}

BOOST_AUTO_TEST_CASE(case_and_a_dot_at_the_end_do_not_matter) {
    const name_table table({{{"x.org"}, rsa}, {{"One.Example.com", "*.Wild.example"}, rsa}});
    gets(table, "oNE.eXAMPLE.COM", {1});
    gets(table, "one.example.com.", {1});
    gets(table, "A.WILD.EXAMPLE", {1});
}

BOOST_AUTO_TEST_CASE(a_wildcard_stands_for_one_whole_label) {
    const name_table table({{{"x.org"}, rsa}, {{"*.example.com", "f*.example.org", "*"}, rsa}});
    gets(table, ".example.com", {1}); // OpenSSL passes on what a client sends; a wildcard is no secret
    gets(table, "foo.example.org", {0});
    gets(table, "localhost", {0});
    gets(table, "a.*.com", {0});
}

BOOST_AUTO_TEST_CASE(one_certificate_of_each_kind_of_key_is_at_hand_for_a_name) {
    const name_table table({
        {{"a.example.com", "b.example.com"}, rsa},
        {{"a.example.com"}, ecdsa},
        {{"*.example.com"}, ecdsa},
        {{"a.example.com"}, rsa}, // never used: the first of a kind counts
    });
    gets(table, "a.example.com", {0, 1});
    gets(table, "b.example.com", {0, 2}); // better a wildcard than nothing for a client that cannot do RSA
    gets(table, "c.example.com", {2});
    gets(table, "", {0, 1}); // the default is at hand in its other kinds, too
    BOOST_TEST(table.choices().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_certificate_without_names_can_be_the_default) {
    const name_table table({{{}, rsa}, {{"a.example.com"}, ecdsa}});
    gets(table, "a.example.com", {1});
    gets(table, "b.example.com", {0});
}

} // namespace
