// The endpoints of the Open API itself, for apps that are pointed here instead of upstream (SPEC §3).
#pragma once

#include "seedhook/async/task_group.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/gateway/front_desk.hpp"
#include "seedhook/gateway/upstream.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/router.hpp"

#include <functional>
#include <memory>

namespace seedhook {

struct gateway_context {
    front_desk& desk;
    http::client& client; // see gateway_client_settings
    task_group& passages; // answers being passed on; await its end once the server has stopped
    std::function<std::shared_ptr<const upstreams>()> sources; // the present ones
    config::secret token;                                      // what apps must send as the Bearer; empty: anything
};

// Adds the four endpoints below `/api/open/v1` and below `/{source}/api/open/v1`. Handlers run on the thread of the
// client, of `passages` and of the server. What `with` refers to must outlive the router and requests in hand.
void add_gateway_endpoints(http::router& into, gateway_context with);

} // namespace seedhook
