// SHA-256 and HMAC over OpenSSL's EVP. The algorithms are looked up once: a fetch takes locks and walks the providers,
// which costs more than the HMAC of a callback.
#include "seedhook/crypto/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace seedhook::crypto {
namespace {

// A failure here means that OpenSSL is broken or memory is out: nothing that a caller could act on.
void require(bool worked, const char* what) {
    if (!worked) {
        throw std::runtime_error(std::string("OpenSSL: ") + what + " failed");
    }
}

struct context_deleter {
    void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
    void operator()(EVP_MAC_CTX* p) const noexcept { EVP_MAC_CTX_free(p); }
};

// Kept for the life of the process, also past the exit handlers: other threads may still hash.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = [] {
        EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        require(fetched != nullptr, "fetching SHA-256");
        return fetched;
    }();
    return algorithm;
}

std::unique_ptr<EVP_MAC_CTX, context_deleter> make_hmac_context() {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    require(mac != nullptr, "fetching HMAC");
    std::unique_ptr<EVP_MAC_CTX, context_deleter> context(EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac); // the context holds on to it
    require(context != nullptr, "making an HMAC context");
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(context.get(), parameters) == 1, "choosing SHA-256 for HMAC");
    return context;
}

const std::uint8_t* bytes(std::string_view text) noexcept { return reinterpret_cast<const std::uint8_t*>(text.data()); }

} // namespace

struct sha256::state {
    state() : context(EVP_MD_CTX_new()) {
        require(context != nullptr, "making a digest context");
        begin();
    }
    void begin() { require(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1, "starting SHA-256"); }

    std::unique_ptr<EVP_MD_CTX, context_deleter> context;
};

sha256::sha256() : state_(std::make_unique<state>()) {}
sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;

void sha256::update(std::span<const std::uint8_t> data) {
    require(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1, "SHA-256");
}

void sha256::update(std::string_view data) { update(std::span(bytes(data), data.size())); }

sha256_digest sha256::finish() {
    sha256_digest digest{};
    unsigned length = 0;
    require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &length) == 1 && length == digest.size(),
            "ending SHA-256");
    state_->begin();
    return digest;
}

sha256_digest sha256_of(std::string_view data) {
    thread_local sha256 sum; // for the same reason as below
    sum.update(data);
    return sum.finish();
}

sha256_digest hmac_sha256(std::string_view key, std::string_view message) {
    // One context a thread: a new key each time, but nothing is looked up or allocated again.
    thread_local const auto context = make_hmac_context();
    // With a null pointer OpenSSL would take the key to be left out; an empty one is a key too.
    const std::uint8_t* const key_bytes = key.empty() ? bytes(std::string_view("")) : bytes(key);
    sha256_digest digest{};
    std::size_t length = 0;
    require(EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1 &&
                EVP_MAC_update(context.get(), bytes(message), message.size()) == 1 &&
                EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) == 1 && length == digest.size(),
            "HMAC-SHA256");
    return digest;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace seedhook::crypto
