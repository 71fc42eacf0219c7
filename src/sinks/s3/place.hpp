// Where a bucket is reached: the service's endpoint, the region that requests are signed for, and whether the bucket's
// name stands in the path or in the host's name.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::s3 {

struct bucket_place {
    http::url endpoint; // its target: a path without a slash at its end
    std::string region;
    std::string bucket;
    bool in_host = false;

    // errc::invalid when the settings contradict each other.
    static result<bucket_place> of(const config::s3_sink& settings);

    // Of an object, or with an empty key of the bucket itself. `query` as it is to be sent, without `?`.
    std::string url_of(std::string_view key, std::string_view query = {}) const;

    // Names the object for people: `s3://videos/2026/a.mp4`.
    std::string name_of(std::string_view key) const;

    // Names the bucket for records, the same however it is addressed: `https://s3.example/videos`.
    std::string identity() const;

    bool operator==(const bucket_place& other) const;
};

// Where else the service says that the bucket is; nothing when that is where we have asked.
// `region` and `endpoint`: of its error document, perhaps empty. Only https leads elsewhere when we use https.
std::optional<bucket_place> moved(const bucket_place& asked, const http::client_response& answer,
                                  std::string_view region, std::string_view endpoint);

} // namespace seedhook::s3
