// `/sandbox/…` about the API as a whole: how it behaves, whether it is there, and what it was asked. docs/sandbox.md
// describes each path. No key is asked for.
#pragma once

#include "sandbox/entrance.hpp"
#include "sandbox/open_api.hpp"
#include "sandbox/options.hpp"
#include "seedhook/http/router.hpp"

namespace seedhook::sandbox {

// Must outlive the router that it was added to. One thread.
class api_hooks {
public:
    api_hooks(open_api& api, options& how) : api_(api), options_(how) {}

    void add_to(http::router& routes);
    // The door that POST /sandbox/api shuts; not the one through which hooks are called.
    void use_door(entrance& door) noexcept { door_ = &door; }

private:
    awaitable<http::response> show_behaviour(const http::request& r);
    awaitable<http::response> behave(const http::request& r);
    awaitable<http::response> show_state(const http::request& r);
    awaitable<http::response> set_state(const http::request& r);
    awaitable<http::response> set_key(const http::request& r);
    awaitable<http::response> list_calls(const http::request& r);
    awaitable<http::response> forget_calls(const http::request& r);
    awaitable<http::response> list_submissions(const http::request& r);

    open_api& api_;
    options& options_;
    entrance* door_ = nullptr;
};

} // namespace seedhook::sandbox
