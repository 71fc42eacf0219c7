// SHA-256 against FIPS 180's examples, HMAC-SHA256 against RFC 4231's.
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace seedhook::crypto;

namespace {

std::string from_hex_text(std::string_view hex) {
    const auto bytes = from_hex(hex);
    BOOST_REQUIRE(bytes.has_value());
    return std::string(bytes->begin(), bytes->end());
}

std::string repeated(unsigned char byte, std::size_t count) { return std::string(count, static_cast<char>(byte)); }

struct hmac_case {
    std::string key;
    std::string message;
    std::string_view expected;
};

std::vector<hmac_case> rfc4231() {
    return {
        {repeated(0x0b, 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated(0xaa, 20), repeated(0xdd, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {from_hex_text("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeated(0xcd, 50),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {repeated(0xaa, 131), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {repeated(0xaa, 131),
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
         "hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
}

} // namespace

BOOST_AUTO_TEST_CASE(sha256_gives_the_published_digests) {
    BOOST_TEST(to_hex(sha256_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    BOOST_TEST(to_hex(sha256_of("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    BOOST_TEST(to_hex(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    BOOST_TEST(to_hex(sha256_of(std::string(1'000'000, 'a'))) ==
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

BOOST_AUTO_TEST_CASE(sha256_in_pieces_is_that_of_the_whole_and_the_object_can_be_used_again) {
    sha256 sum;
    for (int round = 0; round < 2; ++round) {
        sum.update("a");
        sum.update(std::string_view());
        sum.update("bc");
        BOOST_TEST(to_hex(sum.finish()) == to_hex(sha256_of("abc")));
    }
    sha256 moved = std::move(sum);
    moved.update("abc");
    BOOST_TEST(to_hex(moved.finish()) == to_hex(sha256_of("abc")));
}

BOOST_AUTO_TEST_CASE(hmac_sha256_gives_the_published_codes) {
    for (const hmac_case& c : rfc4231()) {
        BOOST_TEST(to_hex(hmac_sha256(c.key, c.message)) == c.expected);
    }
}

BOOST_AUTO_TEST_CASE(hmac_sha256_takes_an_empty_key_and_an_empty_message) {
    BOOST_TEST(to_hex(hmac_sha256("", "")) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    BOOST_TEST(to_hex(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

BOOST_AUTO_TEST_CASE(hmac_sha256_can_be_called_from_several_threads) {
    const auto expected = hmac_sha256("key", "message");
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int n = 0; n < 500; ++n) {
                wrong[i] += hmac_sha256("key", "message") != expected;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    BOOST_TEST(wrong == std::vector<int>(4, 0), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(comparison_in_constant_time_sees_every_difference) {
    const std::vector<std::uint8_t> a{1, 2, 3};
    BOOST_TEST(equal_in_constant_time(a, std::vector<std::uint8_t>{1, 2, 3}));
    BOOST_TEST(!equal_in_constant_time(a, std::vector<std::uint8_t>{0, 2, 3}));
    BOOST_TEST(!equal_in_constant_time(a, std::vector<std::uint8_t>{1, 2, 4}));
    BOOST_TEST(!equal_in_constant_time(a, std::vector<std::uint8_t>{1, 2}));
    BOOST_TEST(equal_in_constant_time({}, {}));
}
