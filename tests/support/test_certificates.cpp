// Certificates for tests, written with OpenSSL's own functions so that no program has to be run.
#include "test_certificates.hpp"

#include <arpa/inet.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace seedhook {
namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;

void require(bool holds, const std::string& what) {
    if (!holds) {
        throw std::runtime_error("test certificates: " + what);
    }
}

key_ptr make_key(test_key kind) {
    EVP_PKEY* made = kind == test_key::rsa ? EVP_RSA_gen(2048U) : EVP_EC_gen("P-256");
    require(made != nullptr, "cannot make a key");
    return key_ptr(made);
}

void add_extension(X509* to, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    require(made != nullptr, "cannot make the extension " + value);
    X509_add_ext(to, made, -1);
    X509_EXTENSION_free(made);
}

void set_name(X509_NAME* name, const std::string& common) {
    const auto* text = reinterpret_cast<const unsigned char*>(common.c_str());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
}

certificate_ptr make_certificate(EVP_PKEY* key, const std::string& common, int days) {
    certificate_ptr made(X509_new());
    require(made != nullptr, "cannot make a certificate");
    X509_set_version(made.get(), X509_VERSION_3);
    const std::unique_ptr<BIGNUM, freed_by<BN_free>> serial(BN_new());
    BN_rand(serial.get(), 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made.get()));
    constexpr long day = 24L * 60 * 60;
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -400 * day);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day);
    set_name(X509_get_subject_name(made.get()), common);
    X509_set_pubkey(made.get(), key);
    return made;
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
        unsigned char address[16];
        const bool is_address =
            inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
        list += (list.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
    }
    return list;
}

using file_ptr = std::unique_ptr<std::FILE, freed_by<std::fclose>>;

file_ptr open_for_writing(const std::string& path) {
    file_ptr opened(std::fopen(path.c_str(), "w"));
    require(opened != nullptr, "cannot write " + path);
    return opened;
}

} // namespace

test_pki make_test_pki(const std::string& directory, const std::vector<std::string>& names, test_key kind, int days) {
    require(!names.empty(), "a certificate needs a name");
    const key_ptr ca_key = make_key(kind);
    const certificate_ptr ca = make_certificate(ca_key.get(), "seedhook test authority", 365);
    X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
    add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "cannot sign the authority");

    const key_ptr key = make_key(kind);
    const certificate_ptr leaf = make_certificate(key.get(), names.front(), days);
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get()));
    add_extension(leaf.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    add_extension(leaf.get(), ca.get(), NID_subject_key_identifier, "hash");
    add_extension(leaf.get(), ca.get(), NID_authority_key_identifier, "keyid");
    add_extension(leaf.get(), ca.get(), NID_subject_alt_name, alternative_names(names));
    require(X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) > 0, "cannot sign the certificate");

    const test_pki files{directory + "/ca.pem", directory + "/cert.pem", directory + "/key.pem"};
    require(PEM_write_X509(open_for_writing(files.ca_file).get(), ca.get()) == 1, "cannot write the authority");
    require(PEM_write_X509(open_for_writing(files.cert_file).get(), leaf.get()) == 1, "cannot write the certificate");
    const file_ptr key_out = open_for_writing(files.key_file);
    require(PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "cannot write the key");
    return files;
}

} // namespace seedhook
