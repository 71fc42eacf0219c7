#include "callbacks.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <array>
#include <cstdio>

namespace seedhook::bench {
namespace {

std::string next_id(const callback_settings& settings, std::size_t number) {
    if (settings.scattered) {
        return scattered_id(settings.prefix, number);
    }
    std::array<char, 24> digits{};
    std::snprintf(digits.data(), digits.size(), "%06zu", number);
    return settings.prefix + digits.data();
}

} // namespace

// https://prng.di.unimi.it/splitmix64.c: each step can be undone, so no two numbers meet.
std::string scattered_id(const std::string& prefix, std::uint64_t number) {
    std::uint64_t z = number + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    std::array<char, 24> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(z));
    return prefix + digits.data();
}

callback_pool::callback_pool(const callback_settings& settings, std::size_t first, std::size_t count) {
    ends_.reserve(count);
    for (std::size_t i = first; i < first + count; ++i) {
        const std::string id = next_id(settings, i);
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
