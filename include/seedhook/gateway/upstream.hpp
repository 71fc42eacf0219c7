// The sources that have an API, as the gateway reaches them.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/seedance/api.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook {

struct upstream {
    std::string name; // of the source
    seedance::api_address address;
    config::secret key;       // to be blotted out of answers
    std::string callback_url; // for webhookUrl; empty: none
};

using upstreams = std::vector<upstream>;

// Of those with an `api`; never nullptr.
std::shared_ptr<const upstreams> upstreams_of(const std::vector<config::source>& sources);

// The one of that name, which lives as long as `among`; nullptr: there is none.
const upstream* find_upstream(const upstreams& among, std::string_view name) noexcept;

// What the gateway's client must have: as for seedance::make_api, but as patient as apps are that ask upstream
// themselves: 60 s for an answer to begin, 2 minutes for all of it. The proxy is the caller's to add.
http::client_settings gateway_client_settings();

} // namespace seedhook
