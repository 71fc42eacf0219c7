// `/sandbox/…`: what no real API has, for tests and demonstrations to look behind the curtain. No key is asked for.
//   GET  /sandbox/tasks?from=ORDINAL&limit=N   every task: its plan, its video's size and SHA-256, callbacks and
//   answers GET  /sandbox/tasks/{id}                   one of them POST /sandbox/tasks/{id}/callback          sends the
//   callback of a settled task again, and says how it was answered POST /sandbox/forge {"requestId", "webhookUrl"}: the
//   same with a wrong signature
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
    awaitable<http::response> send_again(const http::request& r);
    awaitable<http::response> forge(const http::request& r);
    awaitable<> ensure_sha256(generation_ptr g);

    studio& studio_;
    blocking_pool hashing_;
};

} // namespace seedhook::sandbox
