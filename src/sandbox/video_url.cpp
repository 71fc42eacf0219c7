// `…/open-api-results/ID.mp4?Expires=UNIX-MILLISECONDS&Signature=HEX`.
#include "sandbox/video_url.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/http/message.hpp"

#include <charconv>

namespace seedhook::sandbox {

std::string video_urls::lasting(std::string_view request_id) const {
    return base_ + "/open-api-results/" + std::string(request_id) + ".mp4";
}

std::string video_urls::until(std::string_view request_id, unsigned generation, time_point expires_at) const {
    const std::string expires = std::to_string(expires_at.time_since_epoch().count());
    return lasting(request_id) + "?Expires=" + expires + "&Signature=" + sign(request_id, generation, expires);
}

bool video_urls::alive(std::string_view request_id, unsigned generation, std::string_view query, time_point now) const {
    const auto expires = http::query_value(query, "Expires");
    const auto signature = http::query_value(query, "Signature");
    if (!expires || !signature || *signature != sign(request_id, generation, *expires)) {
        return false;
    }
    std::int64_t end = 0;
    std::from_chars(expires->data(), expires->data() + expires->size(), end); // signed, so well-formed
    return now < time_point(duration(end));
}

std::string video_urls::sign(std::string_view request_id, unsigned generation, std::string_view expires) const {
    std::string message(request_id);
    message += '\n' + std::to_string(generation) + '\n';
    message += expires;
    return crypto::to_hex(crypto::hmac_sha256(key_, message));
}

} // namespace seedhook::sandbox
