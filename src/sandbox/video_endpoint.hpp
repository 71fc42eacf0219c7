// Where finished videos are fetched from, as from an object store: ranges, strong ETags, HEAD, expiring URLs.
#pragma once

#include "sandbox/studio.hpp"
#include "seedhook/http/router.hpp"

namespace seedhook::sandbox {

// Adds GET (and so HEAD) /open-api-results/{ID.mp4}. `tasks` must outlive the router.
void add_video_endpoint(http::router& routes, studio& tasks);

} // namespace seedhook::sandbox
