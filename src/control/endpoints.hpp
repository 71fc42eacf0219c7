// The control API's handlers, and what they share.
#pragma once

#include "seedhook/control/control.hpp"

#include <memory>
#include <optional>
#include <string>

namespace seedhook::control {

using shared_context = std::shared_ptr<const control_context>;

awaitable<http::response> healthz(shared_context with, const http::request& asked);
awaitable<http::response> readyz(shared_context with, const http::request& asked);
awaitable<http::response> read_metrics(shared_context with, const http::request& asked);
awaitable<http::response> list_tasks(shared_context with, const http::request& asked);
awaitable<http::response> show_task(shared_context with, const http::request& asked);
awaitable<http::response> redeliver(shared_context with, const http::request& asked);

// The requestId in the path; nothing for what can be none.
std::optional<std::string> request_id_of(const http::request& asked);

http::response bad_request(std::string_view message);
http::response no_such_task();
// The store could not answer. The caller is told to come again, the log is told why.
http::response store_failure(const error& why);

} // namespace seedhook::control
