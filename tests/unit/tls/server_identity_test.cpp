// A listener's certificates while their files change.
#include "seedhook/tls/server_identity.hpp"

#include "test_certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using namespace seedhook;

struct folder {
    std::filesystem::path path;
    folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "seedhook-tls-XXXXXX").string();
        path = mkdtemp(pattern.data());
    }
    ~folder() { std::filesystem::remove_all(path); }
    test_pki pki(const std::string& name, const std::string& host, int days = 10) const {
        std::filesystem::create_directories(path / name);
        return make_test_pki((path / name).string(), {host}, test_key::ecdsa, days);
    }
};

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string text_in(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

tls::server_files files_of(const std::vector<test_pki>& pairs, std::string client_ca = {}) {
    tls::server_files files;
    for (const test_pki& pair : pairs) {
        files.pairs.push_back({pair.cert_file, pair.key_file});
    }
    files.client_ca = std::move(client_ca);
    return files;
}

// Written long ago: what is written from now on has another time, however fast it comes.
void make_old(const std::string& file) {
    namespace fs = std::filesystem;
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

std::shared_ptr<tls::server_identity> load(tls::server_files files) {
    for (const tls::key_files& pair : files.pairs) {
        make_old(pair.certificate);
        make_old(pair.key);
    }
    auto loaded = tls::server_identity::load(std::move(files));
    BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message));
    (*loaded)->refresh(); // the look that later ones are compared with
    return *loaded;
}

// Two looks: the first sees the change, the second that nobody is at work on it any more.
std::vector<tls::server_identity::news> after_a_change(tls::server_identity& identity) {
    BOOST_TEST(identity.refresh().empty());
    return identity.refresh();
}

BOOST_FIXTURE_TEST_CASE(an_identity_tells_when_its_certificates_end, folder) {
    const auto identity = load(files_of({pki("a", "a.org", 10), pki("b", "b.org", 20)}));
    const auto all = identity->certificates();
    BOOST_REQUIRE(all.size() == 2U);
    BOOST_TEST(all[1].file == (path / "b" / "cert.pem").string());
    const auto left = all[0].facts.ends_at - system_clock().now();
    BOOST_TEST((left > std::chrono::hours(239)));
    BOOST_TEST((left < std::chrono::hours(241)));
    BOOST_TEST(identity->refused().empty());
}

BOOST_AUTO_TEST_CASE(an_identity_that_cannot_be_read_is_an_error) {
    BOOST_TEST(!tls::server_identity::load("/nonexistent/cert.pem", "/nonexistent/key.pem"));
}

BOOST_FIXTURE_TEST_CASE(new_files_are_taken_by_themselves_and_told_of, folder) {
    const auto files = pki("a", "a.org", 10);
    const auto identity = load(files_of({files}));
    const auto first = identity->current();
    BOOST_TEST(identity->refresh().empty());
    BOOST_TEST(identity->current() == first);

    pki("a", "a.org", 20);
    const auto news = after_a_change(*identity);
    BOOST_REQUIRE(news.size() == 1U);
    BOOST_TEST(news.front().file == files.cert_file);
    BOOST_TEST(news.front().refused_because == "");
    BOOST_TEST(identity->current() != first);
    BOOST_TEST((identity->certificates().front().facts.ends_at > system_clock().now() + std::chrono::days(19)));
}

BOOST_FIXTURE_TEST_CASE(a_certificate_without_its_key_waits_for_it_and_is_told_of_once, folder) {
    const auto files = pki("a", "a.org");
    const auto other = pki("b", "a.org");
    const auto identity = load(files_of({files}));
    const auto first = identity->current();

    write(files.cert_file, text_in(other.cert_file));
    const auto news = after_a_change(*identity);
    BOOST_REQUIRE(news.size() == 1U);
    BOOST_TEST(news.front().refused_because.find("key values mismatch") != std::string::npos);
    BOOST_TEST(identity->refresh().empty());
    BOOST_TEST(identity->refused().size() == 1U);

    write(files.key_file, text_in(other.key_file));
    const auto mended = after_a_change(*identity);
    BOOST_REQUIRE(mended.size() == 1U);
    BOOST_TEST(mended.front().refused_because == "");
    BOOST_TEST(identity->refused().empty());
    BOOST_TEST(identity->current() != first);
}

BOOST_FIXTURE_TEST_CASE(a_broken_pair_does_not_hold_up_the_others, folder) {
    const auto one = pki("a", "a.org", 10);
    const auto other = pki("b", "b.org", 10);
    const auto identity = load(files_of({one, other}));
    std::filesystem::remove(one.cert_file);
    pki("b", "b.org", 20);
    const auto news = after_a_change(*identity);
    BOOST_REQUIRE(news.size() == 2U);
    BOOST_TEST(news[0].refused_because.find("No such file") != std::string::npos);
    const auto soon = system_clock().now() + std::chrono::days(15);
    BOOST_TEST((identity->certificates()[0].facts.ends_at < soon));
    BOOST_TEST((identity->certificates()[1].facts.ends_at > soon));
}

BOOST_FIXTURE_TEST_CASE(a_reload_reads_everything_at_once_and_tells_of_it, folder) {
    const auto files = pki("a", "a.org");
    const auto identity = load(files_of({files}, files.ca_file));
    const auto first = identity->current();
    BOOST_TEST(identity->reload().size() == 2U);
    write(files.cert_file, "half a file");
    const auto news = identity->reload();
    BOOST_TEST(news.front().refused_because.find(files.cert_file) != std::string::npos);
    BOOST_TEST(identity->refused().size() == 1U);
    BOOST_TEST((identity->current() != first)); // the authorities were read again
    BOOST_TEST(identity->certificates().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(authorities_of_clients_are_watched_too, folder) {
    const auto files = pki("a", "a.org");
    const auto identity = load(files_of({files}, files.ca_file));
    const auto first = identity->current();
    write(files.ca_file, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    const auto refused = after_a_change(*identity);
    BOOST_REQUIRE(refused.size() == 1U);
    BOOST_TEST(refused.front().file == files.ca_file);
    pki("a", "a.org"); // with another authority
    const auto news = after_a_change(*identity);
    BOOST_REQUIRE(news.size() == 2U);
    BOOST_TEST(identity->refused().empty());
    BOOST_TEST(identity->current() != first);

    BOOST_TEST(!tls::server_identity::load(files_of({files}, files.key_file))); // which holds no certificate
}

} // namespace
