// What the service manager hears while the daemon runs.
#pragma once

#include "daemon/application.hpp"
#include "daemon/service_manager.hpp"

#include "seedhook/async/awaitable.hpp"

namespace seedhook {

// Until cancelled: a ping for its watchdog whenever every vital part of `app` answers in time, and the status when it
// has changed. Returns at once when nobody listens. Both must outlive it. On the control thread, which it watches by
// running there.
awaitable<> keep_informed(service_manager& manager, application& app);

} // namespace seedhook
