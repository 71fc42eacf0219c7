// The control API's handlers, and what they share.
#pragma once

#include "seedhook/control/control.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace seedhook::control {

using shared_context = std::shared_ptr<const control_context>;

awaitable<http::response> healthz(shared_context with, const http::request& asked);
awaitable<http::response> readyz(shared_context with, const http::request& asked);
awaitable<http::response> read_metrics(shared_context with, const http::request& asked);
awaitable<http::response> list_tasks(shared_context with, const http::request& asked);
awaitable<http::response> show_task(shared_context with, const http::request& asked);
awaitable<http::response> read_video(shared_context with, const http::request& asked);
awaitable<http::response> events(shared_context with, const http::request& asked);
awaitable<http::response> summary(shared_context with, const http::request& asked);
awaitable<http::response> dashboard_page(shared_context with, const http::request& asked);
awaitable<http::response> dashboard_style(shared_context with, const http::request& asked);
awaitable<http::response> dashboard_script(shared_context with, const http::request& asked);
awaitable<http::response> redeliver(shared_context with, const http::request& asked);
awaitable<http::response> track(shared_context with, const http::request& asked);
awaitable<http::response> submit(shared_context with, const http::request& asked);
awaitable<http::response> cancel(shared_context with, const http::request& asked);
awaitable<http::response> models(shared_context with, const http::request& asked);

// The requestId in the path; nothing for what can be none.
std::optional<std::string> request_id_of(const http::request& asked);

// What was looked for: the task, or the answer that says why it is not exactly one.
struct sought_task {
    sought_task(task_detail task) : found(std::move(task)) {}
    sought_task(http::response refusal) : refused(std::move(refusal)) {}

    std::optional<task_detail> found;
    http::response refused{404};
};

// By the requestId in the path and `?source=`, and no other query.
awaitable<sought_task> find_task(shared_context with, const http::request& asked);

// The configured source of that name; the only one when none is named. Fails with errc::not_found for a name that is
// not configured and with errc::invalid where a name is needed.
result<std::string> source_named(const control_context& with, const std::optional<std::string>& name);
http::response no_such_source(const error& why);

http::response bad_request(std::string_view message);
http::response no_such_task();
// For requests that stay: each holds a place for as long as it lives. On the control thread.
class places {
public:
    explicit places(long most) : most_(most) {}

    // Null when all are taken.
    std::shared_ptr<const int> take() const { return all_.use_count() > most_ ? nullptr : all_; }

private:
    const long most_;
    const std::shared_ptr<const int> all_ = std::make_shared<const int>(); // one for each holder, and ours
};

// As many do that at once as may: 503, to come again in some seconds.
http::response overcrowded(std::string_view message);
// The store could not answer. The caller is told to come again, the log is told why.
http::response store_failure(const error& why);

} // namespace seedhook::control
