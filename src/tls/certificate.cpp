// Reading certificates for what they say.
#include "seedhook/tls/certificate.hpp"

#include "tls/openssl_error.hpp"
#include "tls/x509.hpp"

#include <arpa/inet.h>

#include <ctime>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace seedhook::tls {
namespace {

std::string text_of(const ASN1_STRING* from) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(from)),
            static_cast<std::size_t>(ASN1_STRING_length(from))};
}

std::string address_of(const ASN1_OCTET_STRING* from) {
    char text[INET6_ADDRSTRLEN] = "";
    const int family = ASN1_STRING_length(from) == 4 ? AF_INET : AF_INET6;
    const bool whole = ASN1_STRING_length(from) == 4 || ASN1_STRING_length(from) == 16;
    return whole && ::inet_ntop(family, ASN1_STRING_get0_data(from), text, sizeof text) != nullptr ? text : "";
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> names;
    auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_DNS) {
            names.push_back(text_of(one->d.dNSName));
        } else if (one->type == GEN_IPADD) {
            names.push_back(address_of(one->d.iPAddress));
        }
    }
    GENERAL_NAMES_free(all);
    return names;
}

} // namespace

result<x509_ptr> read_leaf(const std::string& file) {
    clear_openssl_errors();
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(file.c_str(), "r"), &BIO_free);
    x509_ptr leaf(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free);
    if (!leaf) {
        return error(errc::invalid, "certificate " + file + ": " + take_openssl_error());
    }
    return leaf;
}

std::optional<time_point> time_of(const ASN1_TIME* from) {
    std::tm time{};
    if (ASN1_TIME_to_tm(from, &time) != 1) {
        return std::nullopt;
    }
    return time_point(std::chrono::seconds(timegm(&time)));
}

result<certificate_facts> read_certificate(const std::string& file) {
    const auto leaf = read_leaf(file);
    if (!leaf) {
        return leaf.error();
    }
    const auto begin = time_of(X509_get0_notBefore(leaf->get()));
    const auto end = time_of(X509_get0_notAfter(leaf->get()));
    if (!begin || !end) {
        return error(errc::invalid, "certificate " + file + ": its dates are broken");
    }
    return certificate_facts{names_of(leaf->get()), *begin, *end};
}

} // namespace seedhook::tls
