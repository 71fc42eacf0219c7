#include "callbacks.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <array>
#include <cstdio>

namespace seedhook::bench {

callback_pool::callback_pool(const callback_settings& settings, std::size_t first, std::size_t count) {
    ends_.reserve(count);
    for (std::size_t i = first; i < first + count; ++i) {
        std::array<char, 16> number{};
        std::snprintf(number.data(), number.size(), "%06zu", i);
        const std::string id = settings.prefix + number.data();
        std::string body = R"({"success":true,"requestId":")" + id + R"(","status":"succeeded",)";
        body += R"("output":{"type":"video","url":")" + settings.video_url + id + R"(.mp4"},"error":null})";
        bytes_ += "POST " + settings.target + " HTTP/1.1\r\nHost: " + settings.host;
        bytes_ += "\r\nUser-Agent: seedance-webhook/1.0\r\nAccept: */*\r\nContent-Type: application/json\r\n";
        bytes_ += "x-seedance-signature: " + crypto::to_hex(crypto::hmac_sha256(settings.secret, body));
        bytes_ += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        ends_.push_back(bytes_.size());
    }
}

std::string_view callback_pool::operator[](std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
}

} // namespace seedhook::bench
