// `/sandbox/…` about tasks: what no real API has, for tests and demonstrations to look behind the curtain and to pull
// strings. docs/sandbox.md describes each path. No key is asked for.
#pragma once

#include "sandbox/studio.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/http/router.hpp"

namespace seedhook::sandbox {

// Must outlive the router that it was added to. One thread, and one of its own for hashing.
class test_hooks {
public:
    explicit test_hooks(studio& tasks) : studio_(tasks), hashing_(1) {}

    void add_to(http::router& routes);

private:
    awaitable<http::response> list(const http::request& r);
    awaitable<http::response> show(const http::request& r);
    awaitable<http::response> settle(const http::request& r);
    awaitable<http::response> hold(const http::request& r);
    awaitable<http::response> hold_all(const http::request& r);
    awaitable<http::response> expire_urls(const http::request& r);
    awaitable<http::response> send_again(const http::request& r);
    awaitable<http::response> forge(const http::request& r);
    awaitable<http::response> described(generation_ptr g);
    awaitable<> ensure_sha256(generation_ptr g);

    studio& studio_;
    blocking_pool hashing_;
};

} // namespace seedhook::sandbox
