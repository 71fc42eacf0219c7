// The addresses of videos, some of which expire: a time and a signature over it in the query, as object stores do.
#pragma once

#include "seedhook/model/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::sandbox {

class video_urls {
public:
    // `base` is `https://host:port`; `key` signs.
    video_urls(std::string base, std::string key) : base_(std::move(base)), key_(std::move(key)) {}

    std::string lasting(std::string_view request_id) const;
    // Those of another generation are dead whatever their time.
    std::string until(std::string_view request_id, unsigned generation, time_point expires_at) const;

    // Whether `query` holds an unforged time of expiry for this video that lies after `now`.
    bool alive(std::string_view request_id, unsigned generation, std::string_view query, time_point now) const;

private:
    std::string sign(std::string_view request_id, unsigned generation, std::string_view expires) const;

    std::string base_;
    std::string key_;
};

} // namespace seedhook::sandbox
