// Tasks as JSON. Absent texts are empty strings, absent objects and times are null.
#include "control/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace seedhook::control {
namespace {

namespace json = boost::json;

json::array array_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) {
        out.emplace_back(text);
    }
    return out;
}

json::value metadata_of(const task& t) {
    boost::system::error_code failed;
    json::value parsed = json::parse(t.metadata, failed);
    if (failed || !parsed.is_object()) {
        return json::object();
    }
    return parsed;
}

json::value failure_of(const task& t) {
    if (!t.failure) {
        return nullptr;
    }
    json::object out;
    out["code"] = t.failure->code;
    out["message"] = t.failure->message;
    return out;
}

json::value video_of(const task& t) {
    if (!t.video) {
        return nullptr;
    }
    json::object out;
    out["size"] = t.video->size;
    out["sha256"] = t.video->sha256;
    out["contentType"] = t.video->content_type;
    out["name"] = t.video->name;
    return out;
}

json::object task_object(const task& t) {
    json::object out;
    out["id"] = t.id;
    out["source"] = t.source;
    out["requestId"] = t.request_id;
    out["status"] = to_string(t.status);
    out["stage"] = to_string(t.stage);
    out["settledBy"] = t.settled_by;
    out["model"] = t.model;
    out["metadata"] = metadata_of(t);
    out["videoUrl"] = t.video_url;
    out["error"] = failure_of(t);
    out["video"] = video_of(t);
    out["createdAt"] = to_rfc3339(t.created_at);
    out["settledAt"] = t.settled_at ? json::value(to_rfc3339(*t.settled_at)) : json::value(nullptr);
    return out;
}

std::string_view state_of(const job& j, time_point now) {
    const bool running = is_active(j.state) && !j.owner.empty() && now < j.due_at;
    return running ? "running" : to_string(j.state);
}

// What a delivery and any other job have in common.
void add_progress(json::object& out, const job& j, time_point now) {
    out["state"] = state_of(j, now);
    out["attempts"] = j.attempts;
    out["dueAt"] = to_rfc3339(j.due_at);
    out["note"] = j.note;
}

json::object event_object(const event& e) {
    json::object out;
    out["id"] = e.id;
    out["at"] = to_rfc3339(e.at);
    out["kind"] = e.kind;
    out["detail"] = e.detail;
    return out;
}

} // namespace

std::string page_json(const task_page& page) {
    json::array tasks;
    for (const task& t : page.tasks) {
        tasks.emplace_back(task_object(t));
    }
    json::object out;
    out["tasks"] = std::move(tasks);
    out["next"] = page.next ? json::value(std::to_string(*page.next)) : json::value(nullptr);
    return json::serialize(out);
}

std::string detail_json(const task_detail& detail, std::optional<std::uint64_t> fetched_bytes,
                        const control_context& with, time_point now) {
    json::array deliveries;
    json::array others;
    for (const job& j : detail.jobs) {
        json::object entry;
        if (j.key.kind == job_kind::deliver) {
            entry["deliveryId"] = with.delivery_id(detail.of, j.key.sink);
            entry["sink"] = j.key.sink;
            add_progress(entry, j, now);
            entry["updatedAt"] = to_rfc3339(j.updated_at);
            deliveries.emplace_back(std::move(entry));
        } else {
            entry["kind"] = to_string(j.key.kind);
            add_progress(entry, j, now);
            others.emplace_back(std::move(entry));
        }
    }
    json::array events;
    for (const event& e : detail.events) {
        events.emplace_back(event_object(e));
    }
    json::object out = task_object(detail.of);
    out["fetchedBytes"] = fetched_bytes ? json::value(*fetched_bytes) : json::value(nullptr);
    out["deliveries"] = std::move(deliveries);
    out["jobs"] = std::move(others);
    out["events"] = std::move(events);
    return json::serialize(out);
}

std::string event_json(const told_event& told) {
    json::object out = event_object(told.what);
    out["source"] = told.source;
    out["requestId"] = told.request_id;
    return json::serialize(out);
}

std::string readiness_json(const readiness& state) {
    json::object out;
    out["ready"] = state.ready;
    if (!state.ready) {
        out["reasons"] = array_of(state.not_ready);
    }
    out["degraded"] = array_of(state.degraded);
    return json::serialize(out);
}

std::string ambiguous_json(const std::vector<task_detail>& found) {
    json::array sources;
    for (const task_detail& detail : found) {
        sources.emplace_back(detail.of.source);
    }
    json::object what;
    what["code"] = "ambiguous";
    what["message"] = "several sources have a task of this requestId; name one with ?source=";
    what["sources"] = std::move(sources);
    json::object out;
    out["success"] = false;
    out["error"] = std::move(what);
    return json::serialize(out);
}

} // namespace seedhook::control
