// The signature scheme: HMAC-SHA256 over a content template, as one header's value.
#include "seedhook/seedance/signature.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/model/text.hpp"

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

namespace seedhook::seedance {
namespace {

constexpr std::string_view body_placeholder = "{body}";
constexpr std::string_view header_placeholder = "{header:";

// What is signed. A view of the body itself in the usual case, else of `storage`. Nothing when a header that the
// template names is missing or repeated.
std::optional<std::string_view> signed_content(std::string_view content, const http::request& callback,
                                               std::string& storage) {
    if (content == body_placeholder) {
        return callback.body;
    }
    while (!content.empty()) {
        const auto close = content.find('}');
        if (content.starts_with(body_placeholder)) {
            storage += callback.body;
            content.remove_prefix(body_placeholder.size());
        } else if (content.starts_with(header_placeholder) && close != std::string_view::npos) {
            const auto begin = header_placeholder.size();
            const auto value = callback.find(content.substr(begin, close - begin));
            if (!value) {
                return std::nullopt;
            }
            storage += *value;
            content.remove_prefix(close + 1);
        } else {
            storage += content.front();
            content.remove_prefix(1);
        }
    }
    return storage;
}

// The signature in a header's value; nothing when it is not exactly one HMAC-SHA256 as the scheme writes it.
std::optional<std::vector<std::uint8_t>> given_signature(const config::signature_scheme& scheme,
                                                         std::string_view value) {
    value = trimmed(value);
    if (!value.starts_with(scheme.prefix)) {
        return std::nullopt;
    }
    value.remove_prefix(scheme.prefix.size());
    constexpr std::size_t longest = 2 * std::tuple_size_v<crypto::sha256_digest>;
    if (value.size() > longest) {
        return std::nullopt;
    }
    auto bytes = scheme.encoding == config::signature_scheme::encoding_kind::hex ? crypto::from_hex(value)
                                                                                 : crypto::from_base64(value);
    if (!bytes || bytes->size() != std::tuple_size_v<crypto::sha256_digest>) {
        return std::nullopt;
    }
    return bytes;
}

} // namespace

signature_verifier::signature_verifier(config::signature_scheme scheme, std::vector<config::secret> secrets)
    : scheme_(std::move(scheme)), secrets_(std::move(secrets)) {
    std::erase_if(secrets_, [](const config::secret& s) { return s.empty(); });
}

bool signature_verifier::verify(const http::request& callback) const {
    const auto value = callback.find(scheme_.header);
    if (!value) {
        return false;
    }
    const auto given = given_signature(scheme_, *value);
    if (!given) {
        return false;
    }
    std::string storage;
    const auto content = signed_content(scheme_.content, callback, storage);
    if (!content) {
        return false;
    }
    unsigned right = 0;
    for (const config::secret& key : secrets_) { // to the end: the time must not tell which secret it was
        const auto expected = crypto::hmac_sha256(key.reveal(), *content);
        right |= static_cast<unsigned>(crypto::equal_in_constant_time(expected, *given));
    }
    return right != 0;
}

result<std::string> sign(const config::signature_scheme& scheme, const config::secret& key,
                         const http::request& callback) {
    std::string storage;
    const auto content = signed_content(scheme.content, callback, storage);
    if (!content) {
        return error(errc::invalid,
                     "the signed content `" + scheme.content + "` names a header that is not there exactly once");
    }
    const auto digest = crypto::hmac_sha256(key.reveal(), *content);
    return scheme.prefix + (scheme.encoding == config::signature_scheme::encoding_kind::hex
                                ? crypto::to_hex(digest)
                                : crypto::to_base64(digest));
}

} // namespace seedhook::seedance
