// `…/open-api-results/ID.mp4?Expires=UNIX-SECONDS&Signature=HEX`.
#include "sandbox/video_url.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/http/message.hpp"

#include <charconv>

namespace seedhook::sandbox {

std::string video_urls::lasting(std::string_view request_id) const {
    return base_ + "/open-api-results/" + std::string(request_id) + ".mp4";
}

std::string video_urls::until(std::string_view request_id, time_point expires_at) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(expires_at).time_since_epoch().count();
    const std::string expires = std::to_string(seconds);
    return lasting(request_id) + "?Expires=" + expires + "&Signature=" + sign(request_id, expires);
}

bool video_urls::alive(std::string_view request_id, std::string_view query, time_point now) const {
    const auto expires = http::query_value(query, "Expires");
    const auto signature = http::query_value(query, "Signature");
    if (!expires || !signature || *signature != sign(request_id, *expires)) {
        return false;
    }
    std::int64_t seconds = 0;
    std::from_chars(expires->data(), expires->data() + expires->size(), seconds); // signed, so well-formed
    return now < time_point(std::chrono::seconds(seconds));
}

std::string video_urls::sign(std::string_view request_id, std::string_view expires) const {
    std::string message(request_id);
    message += '\n';
    message += expires;
    return crypto::to_hex(crypto::hmac_sha256(key_, message));
}

} // namespace seedhook::sandbox
