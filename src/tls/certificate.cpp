// Reading certificates for what they say.
#include "seedhook/tls/certificate.hpp"

#include "tls/openssl_error.hpp"
#include "tls/x509.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace seedhook::tls {
namespace {

constexpr std::chrono::days renewal_time{14};
constexpr int renewal_share = 6;

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

std::optional<time_point> time_of(const ASN1_TIME* from) {
    std::tm time{};
    if (ASN1_TIME_to_tm(from, &time) != 1) {
        return std::nullopt;
    }
    return time_point(std::chrono::seconds(timegm(&time)));
}

bool is_end_of_file(unsigned long code) {
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

} // namespace

result<std::vector<x509_ptr>> read_x509(const std::string& file) {
    clear_openssl_errors();
    std::vector<x509_ptr> all;
    const std::unique_ptr<BIO, freed_by<BIO_free>> in(BIO_new_file(file.c_str(), "r"));
    for (bool more = in != nullptr; more;) {
        x509_ptr next(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
        more = next != nullptr;
        if (more) {
            all.push_back(std::move(next));
        }
    }
    if (all.empty() || !is_end_of_file(ERR_peek_last_error())) {
        return error(errc::invalid, "certificate " + file + ": " + take_openssl_error());
    }
    clear_openssl_errors();
    return all;
}

result<certificate_facts> facts_of(const X509* certificate, const std::string& file) {
    const auto begin = time_of(X509_get0_notBefore(certificate));
    const auto end = time_of(X509_get0_notAfter(certificate));
    if (!begin || !end) {
        return error(errc::invalid, "certificate " + file + ": its dates are broken");
    }
    return certificate_facts{names_of(certificate), *begin, *end};
}

result<certificate_facts> read_certificate(const std::string& file) {
    auto all = read_certificates(file);
    return all ? result<certificate_facts>(std::move(all->front())) : all.error();
}

result<std::vector<certificate_facts>> read_certificates(const std::string& file) {
    const auto read = read_x509(file);
    if (!read) {
        return read.error();
    }
    std::vector<certificate_facts> all;
    for (const x509_ptr& one : *read) {
        auto facts = facts_of(one.get(), file);
        if (!facts) {
            return facts.error();
        }
        all.push_back(std::move(*facts));
    }
    return all;
}

bool renewal_is_overdue(const certificate_facts& of, time_point now) {
    const duration share = (of.ends_at - of.begins_at) / renewal_share;
    return of.ends_at - now < std::min<duration>(renewal_time, share);
}

} // namespace seedhook::tls
