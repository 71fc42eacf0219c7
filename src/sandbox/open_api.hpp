// The four endpoints of the Seedance Open API.
#pragma once

#include "sandbox/options.hpp"
#include "sandbox/rate_limit.hpp"
#include "sandbox/studio.hpp"
#include "seedhook/http/router.hpp"

#include <optional>

namespace seedhook::sandbox {

// Must outlive the router that it was added to. One thread.
class open_api {
public:
    open_api(studio& tasks, const options& how) : studio_(tasks), api_key_(how.api_key), limit_(how.rate_limit) {}

    void add_to(http::router& routes);

private:
    // What to answer instead, when the request has no right key or is one too many.
    std::optional<http::response> refusal(const http::request& r);
    awaitable<http::response> submit(const http::request& r);
    awaitable<http::response> status(const http::request& r);
    awaitable<http::response> cancel(const http::request& r);
    awaitable<http::response> models(const http::request& r);

    studio& studio_;
    const std::string& api_key_;
    rate_limit limit_;
};

} // namespace seedhook::sandbox
