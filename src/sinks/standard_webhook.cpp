// Keys and signatures of Standard Webhooks.
#include "sinks/standard_webhook.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <chrono>

namespace seedhook {

result<std::string> webhook_key(std::string_view secret) {
    constexpr std::string_view symmetric = "whsec_";
    if (secret.starts_with("whsk_") || secret.starts_with("whpk_")) {
        return error(errc::invalid, "a key of asymmetric signatures, which are not supported; give one with `whsec_`");
    }
    if (!secret.starts_with(symmetric)) {
        return std::string(secret);
    }
    const auto bytes = crypto::from_base64(secret.substr(symmetric.size()));
    if (!bytes || bytes->empty()) {
        return error(errc::invalid, "what follows `whsec_` is not base64");
    }
    return std::string(bytes->begin(), bytes->end());
}

std::string webhook_timestamp(time_point at) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

std::string webhook_signature(std::span<const std::string> keys, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
    std::string content(id);
    content.append(".").append(timestamp).append(".").append(body);
    std::string out;
    for (const std::string& key : keys) {
        out += (out.empty() ? "v1," : " v1,") + crypto::to_base64(crypto::hmac_sha256(key, content));
    }
    return out;
}

} // namespace seedhook
