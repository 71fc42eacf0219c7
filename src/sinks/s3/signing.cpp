// The canonical request, the string to sign and the signing key, in the order in which AWS describes them.
#include "sinks/s3/signing.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace seedhook::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";

// Set by `sign` alone.
constexpr std::array<std::string_view, 4> own_fields{"Authorization", "x-amz-content-sha256", "x-amz-date",
                                                     "x-amz-security-token"};
constexpr std::array<std::string_view, 4> unsigned_fields{"Accept-Encoding", "Expect", "User-Agent", "X-Amzn-Trace-Id"};

bool is_among(const std::array<std::string_view, 4>& names, std::string_view name) noexcept {
    return std::any_of(names.begin(), names.end(), [name](std::string_view n) { return http::same_name(n, name); });
}

// `20130524T000000Z`
std::string basic_time(time_point t) {
    std::string text = to_rfc3339(t);
    text.resize(text.find('.'));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

// Without blanks at the ends, and with one space for each run of them within.
std::string single_spaced(std::string_view value) {
    std::string out;
    bool gap = false;
    for (const char c : value) {
        const bool blank = c == ' ' || c == '\t';
        if (!blank) {
            out.append(gap && !out.empty() ? " " : "").push_back(c);
        }
        gap = blank;
    }
    return out;
}

std::string recoded(std::string_view part) {
    const auto plain = http::percent_decode(part);
    return uri_encode(plain ? *plain : std::string(part), false);
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(one.size() + 1, query.size()));
        const std::size_t equals = std::min(one.find('='), one.size());
        if (!one.empty()) {
            parameters.emplace_back(recoded(one.substr(0, equals)),
                                    recoded(one.substr(std::min(equals + 1, one.size()))));
        }
    }
    std::sort(parameters.begin(), parameters.end());
    std::string out;
    for (const auto& [name, value] : parameters) {
        out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
    }
    return out;
}

// By name in lower case; the values of a repeated field are joined in their order.
std::map<std::string, std::string> canonical_fields(const http::field_list& fields, const std::string& host) {
    std::map<std::string, std::string> out{{"host", host}};
    for (const auto& [name, value] : fields) {
        if (!is_among(unsigned_fields, name)) {
            const auto [at, first] = out.try_emplace(lower_case(name));
            at->second.append(first ? "" : ",").append(single_spaced(value));
        }
    }
    return out;
}

std::string_view text_of(const crypto::sha256_digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string signature_of(std::string_view text, const credentials& who, const signing_scope& scope,
                         std::string_view date) {
    auto key = crypto::hmac_sha256("AWS4" + who.secret_access_key.reveal(), date);
    for (const std::string_view part :
         {std::string_view(scope.region), std::string_view(scope.service), terminator, text}) {
        key = crypto::hmac_sha256(text_of(key), part);
    }
    return crypto::to_hex(key);
}

} // namespace

void sign(http::client_request& what, std::string_view payload_sha256, const credentials& who,
          const signing_scope& scope, time_point now) {
    const auto url = http::parse_url(what.url);
    if (!url) {
        return;
    }
    std::erase_if(what.fields, [](const auto& field) { return is_among(own_fields, field.first); });
    const std::string time = basic_time(now);
    what.fields.emplace_back("x-amz-date", time);
    what.fields.emplace_back("x-amz-content-sha256", payload_sha256);
    if (!who.session_token.empty()) {
        what.fields.emplace_back("x-amz-security-token", who.session_token.reveal());
    }

    const std::size_t path_end = std::min(url->target.find('?'), url->target.size());
    const std::string_view query = std::string_view(url->target).substr(std::min(path_end + 1, url->target.size()));
    std::string request = what.method + "\n" + url->target.substr(0, path_end) + "\n" + canonical_query(query) + "\n";
    std::string names;
    for (const auto& [name, value] : canonical_fields(what.fields, url->authority())) {
        request.append(name).append(":").append(value).append("\n");
        names.append(names.empty() ? "" : ";").append(name);
    }
    request.append("\n").append(names).append("\n").append(payload_sha256);

    const std::string date = time.substr(0, 8);
    const std::string where = date + "/" + scope.region + "/" + scope.service + "/" + std::string(terminator);
    const std::string text =
        std::string(algorithm) + "\n" + time + "\n" + where + "\n" + crypto::to_hex(crypto::sha256_of(request));
    what.fields.emplace_back("Authorization", std::string(algorithm) + " Credential=" + who.access_key_id + "/" +
                                                  where + ", SignedHeaders=" + names +
                                                  ", Signature=" + signature_of(text, who, scope, date));
}

std::string uri_encode(std::string_view text, bool keep_slash) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved || (keep_slash && c == '/')) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 0xf];
        }
    }
    return out;
}

} // namespace seedhook::s3
