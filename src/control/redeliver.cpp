// Bringing a delivery back: one sink's, or all that the present routes want.
#include "control/endpoints.hpp"
#include "control/json.hpp"
#include "control/query.hpp"

#include "seedhook/log/log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <utility>

namespace seedhook::control {
namespace {

namespace json = boost::json;

// The sink that the body names; none for all. Nothing else may stand in it.
result<std::optional<std::string>> sink_of(std::string_view body) {
    if (body.empty()) {
        return std::optional<std::string>();
    }
    boost::system::error_code failed;
    const json::value parsed = json::parse(body, failed);
    if (failed || !parsed.is_object()) {
        return error(errc::invalid, R"(the body must be empty or a JSON object such as {"sink":"name"})");
    }
    std::optional<std::string> sink;
    for (const auto& [key, value] : parsed.get_object()) {
        if (key != "sink" || !value.is_string()) {
            return error(errc::invalid, "the body may hold `sink`, a string, and nothing else");
        }
        sink = std::string(value.get_string());
    }
    return sink;
}

http::response answer_for(redeliver_reply::kind what, const task_detail& of, bool one_sink) {
    switch (what) {
    case redeliver_reply::kind::scheduled:
        // A valid requestId needs no escaping.
        return http::json_response(202, R"({"success":true,"requestId":")" + of.of.request_id + R"("})");
    case redeliver_reply::kind::ambiguous:
        return http::json_response(409, ambiguous_json({of}));
    case redeliver_reply::kind::not_settled:
        return http::error_response(409, "not_settled",
                                    "the task has no final status yet: there is nothing to deliver");
    case redeliver_reply::kind::unwanted:
        return one_sink ? http::error_response(404, "unknown_sink", "no configured sink of that name wants this task")
                        : http::error_response(409, "unwanted", "no configured sink wants this task");
    case redeliver_reply::kind::unknown_task:
        break;
    }
    return no_such_task();
}

} // namespace

awaitable<http::response> redeliver(shared_context with, const http::request& asked) {
    auto sink = sink_of(asked.body);
    if (!sink) {
        co_return bad_request(sink.error().message);
    }
    auto sought = co_await find_task(with, asked);
    if (!sought.found) {
        co_return std::move(sought.refused);
    }
    const task& t = sought.found->of;
    redeliver_command command;
    command.source = t.source;
    command.request_id = t.request_id;
    command.sink = *sink;
    // The file of a task that is done is about to be removed, if it is still there.
    if (t.video && t.stage != task_stage::done) {
        command.video_at_hand = co_await with->at_hand(*t.video);
    }
    command.now = with->time.now();
    command.routes = with->routes();
    const auto reply = co_await with->tasks.redeliver(std::move(command));
    if (!reply) {
        co_return store_failure(reply.error());
    }
    if (reply->what == redeliver_reply::kind::scheduled) {
        log::info(
            "delivery asked for again",
            {{"source", t.source}, {"request_id", t.request_id}, {"sink", *sink ? std::string_view(**sink) : "all"}});
    }
    co_return answer_for(reply->what, *sought.found, sink->has_value());
}

} // namespace seedhook::control
