// Commands of the store as tests write them.
#pragma once

#include "seedhook/store/database.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace seedhook::test {

inline time_point at(std::int64_t seconds) { return time_point(std::chrono::seconds(seconds)); }

inline std::shared_ptr<const routing> routes_to(const std::vector<std::string>& sinks) {
    std::vector<route> routes;
    for (const std::string& s : sinks) {
        routes.emplace_back().sink = s;
    }
    return std::make_shared<const routing>(std::move(routes));
}

inline settle_command settle(std::string id, task_status status, time_point now, std::shared_ptr<const routing> routes,
                             std::string url = "https://videos.example/v.mp4") {
    settle_command c;
    c.source = "main";
    c.request_id = std::move(id);
    c.status = status;
    c.by = "callback";
    c.video_url = status == task_status::succeeded ? std::move(url) : "";
    c.body = "{\"requestId\":\"" + c.request_id + "\"}";
    c.now = now;
    c.routes = std::move(routes);
    return c;
}

inline claim_command claim(job_kind kind, std::string sink, std::uint32_t room, time_point now,
                           std::string owner = "node-1") {
    claim_command c;
    lane_demand& lane = c.lanes.emplace_back();
    lane.kind = kind;
    lane.sink = std::move(sink);
    lane.room = room;
    c.owner = std::move(owner);
    c.now = now;
    c.lease = std::chrono::seconds(60);
    return c;
}

inline finish_command finish(const job& work, job_state state, time_point now, std::shared_ptr<const routing> routes,
                             std::string note = "note") {
    finish_command c;
    c.key = work.key;
    c.token = work.token;
    c.state = state;
    c.due_at = now;
    c.note = std::move(note);
    c.now = now;
    c.routes = std::move(routes);
    return c;
}

inline video_file some_video() {
    video_file v;
    v.name = "main/req.mp4";
    v.size = 7;
    v.sha256 = std::string(64, 'a');
    v.content_type = "video/mp4";
    return v;
}

} // namespace seedhook::test
