// Tasks as the control API writes them.
#pragma once

#include "seedhook/control/control.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::control {

// `{"tasks":[…],"next":"cursor"}`; `next` is null on the last page.
std::string page_json(const task_page& page);

// One task with its deliveries, other jobs and events; `fetched_bytes`: of a transfer under way. A job under a valid
// lease at `now` is `running`.
std::string detail_json(const task_detail& detail, std::optional<std::uint64_t> fetched_bytes,
                        const control_context& with, time_point now);

// One event of the stream: `{"id":…,"at":…,"kind":…,"detail":…,"source":…,"requestId":…}`, on one line.
std::string event_json(const told_event& told);

// `{"ready":true,"degraded":[…]}`, with `reasons` when not ready.
std::string readiness_json(const readiness& state);

// The error that several sources share a requestId, with their names.
std::string ambiguous_json(const std::vector<task_detail>& found);

} // namespace seedhook::control
