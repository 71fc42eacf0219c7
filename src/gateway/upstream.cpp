// Sources and the limits on time towards their APIs.
#include "seedhook/gateway/upstream.hpp"

#include <algorithm>

namespace seedhook {

std::shared_ptr<const upstreams> upstreams_of(const std::vector<config::source>& sources) {
    auto out = std::make_shared<upstreams>();
    for (const config::source& one : sources) {
        if (one.api) {
            out->push_back(
                {one.name, seedance::api_address(one.api->base_url, one.api->key), one.api->key, one.callback_url});
        }
    }
    return out;
}

const upstream* find_upstream(const upstreams& among, std::string_view name) noexcept {
    const auto found = std::find_if(among.begin(), among.end(), [name](const upstream& u) { return u.name == name; });
    return found == among.end() ? nullptr : &*found;
}

http::client_settings gateway_client_settings() {
    http::client_settings s = seedance::api_client_settings();
    s.header_timeout = std::chrono::seconds(60);
    s.idle_timeout = std::chrono::seconds(30);
    s.total_timeout = std::chrono::minutes(2);
    return s;
}

} // namespace seedhook
