// What is asked of upstream on a person's behalf: submitting, cancelling, its models. Its answers are passed on.
#include "control/document.hpp"
#include "control/endpoints.hpp"
#include "control/json.hpp"
#include "control/query.hpp"

#include "seedhook/log/log.hpp"

#include <utility>

namespace seedhook::control {
namespace {

struct submission {
    std::optional<std::string> source;
    std::string for_upstream; // the document without `source`, which is ours
};

result<submission> read_submission(std::string_view body) {
    const auto doc = read_document(body);
    if (!doc) {
        return doc.error();
    }
    submission s;
    for (const member& m : doc->members) {
        if (m.key != "source") {
            s.for_upstream += (s.for_upstream.empty() ? "{" : ",") + std::string(m.whole);
            continue;
        }
        const auto* name = doc->values.at("source").if_string();
        if (!name) {
            return error(errc::invalid, "source: a string");
        }
        s.source = *name;
    }
    if (s.for_upstream.empty()) {
        return error(errc::invalid, "beside `source` the body holds the document for upstream: model, prompt and more");
    }
    s.for_upstream += '}';
    return s;
}

http::response passed_on(upstream_answer from) {
    http::response answer(from.status, std::move(from.content_type), std::move(from.body));
    answer.fields = std::move(from.fields);
    return answer;
}

// The poll, which is due now, tells what became of it: the answer may have been lost, and what upstream refuses to
// cancel has often ended.
awaitable<void> follow_up(const control_context& with, const task& t) {
    hint_command poll;
    poll.source = t.source;
    poll.request_id = t.request_id;
    poll.by_callback = false;
    poll.now = with.time.now();
    const auto hinted = co_await with.tasks.hint(std::move(poll));
    if (!hinted) {
        log::warning("no poll after cancelling",
                     {{"source", t.source}, {"request_id", t.request_id}, {"reason", hinted.error().message}});
    }
}

} // namespace

awaitable<http::response> submit(shared_context with, const http::request& asked) {
    auto wanted = read_submission(asked.body);
    if (!wanted) {
        co_return bad_request(wanted.error().message);
    }
    auto source = source_named(*with, wanted->source);
    if (!source) {
        co_return no_such_source(source.error());
    }
    std::string by = "submit";
    auto answer = co_await with->upstream.submit(std::move(*source), std::move(wanted->for_upstream), std::move(by));
    co_return passed_on(std::move(answer));
}

awaitable<http::response> cancel(shared_context with, const http::request& asked) {
    if (!asked.body.empty() && asked.body != "{}") {
        co_return bad_request("the body must be empty");
    }
    auto sought = co_await find_task(with, asked);
    if (!sought.found) {
        co_return std::move(sought.refused);
    }
    const task& t = sought.found->of;
    if (is_terminal(t.status)) {
        co_return http::error_response(409, "already_settled",
                                       "the task has ended: " + std::string(to_string(t.status)));
    }
    const auto source = source_named(*with, t.source);
    if (!source) { // the task is from before the configuration changed
        co_return no_such_source(source.error());
    }
    auto answer = co_await with->upstream.cancel(t.source, t.request_id);
    log::info("cancelling was asked of upstream",
              {{"source", t.source}, {"request_id", t.request_id}, {"status", answer.status}});
    co_await follow_up(*with, t);
    co_return passed_on(std::move(answer));
}

awaitable<http::response> models(shared_context with, const http::request& asked) {
    if (auto sound = check_query(asked.query, {"source"}); !sound) {
        co_return bad_request(sound.error().message);
    }
    auto source = source_named(*with, http::query_value(asked.query, "source"));
    if (!source) {
        co_return no_such_source(source.error());
    }
    auto answer = co_await with->upstream.models(std::move(*source));
    co_return passed_on(std::move(answer));
}

} // namespace seedhook::control
