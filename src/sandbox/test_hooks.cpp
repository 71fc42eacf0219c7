// The hooks about tasks.
#include "sandbox/test_hooks.hpp"

#include "sandbox/hook_request.hpp"
#include "sandbox/video.hpp"

#include <boost/json.hpp>

#include <limits>
#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

json::object describe(const sent_callback& c) {
    json::object d;
    d["at"] = to_rfc3339(c.at);
    d["why"] = c.why;
    d["status"] = c.status;
    d["answer"] = c.answer;
    return d;
}

json::object describe(const plan& p) {
    json::object d;
    d["fate"] = to_string(p.fate);
    d["settlesAfterMs"] = p.settles_after.count();
    d["callbackAfterMs"] = p.callback_after.count();
    d["lost"] = p.callback_lost;
    d["twice"] = p.callback_twice;
    d["urlExpires"] = p.url_expires;
    d["breaksOff"] = p.breaks_off;
    d["oddStatus"] = p.odd_status.empty() ? json::value(nullptr) : json::value(p.odd_status);
    d["oddError"] = p.odd_error.has_value();
    d["noUrl"] = p.no_url.has_value();
    const bool for_ever = p.forgotten_calls == std::numeric_limits<std::uint64_t>::max();
    d["forgottenCalls"] = for_ever ? json::value("for ever") : json::value(p.forgotten_calls);
    return d;
}

json::object describe(const generation& g, const std::string& url) {
    json::object d;
    d["ordinal"] = g.ordinal;
    d["requestId"] = g.future.request_id;
    d["status"] = to_string(g.status);
    d["plan"] = describe(g.future);
    d["submittedAt"] = to_rfc3339(g.submitted_at);
    d["settledAt"] = g.settled_at ? json::value(to_rfc3339(*g.settled_at)) : json::value(nullptr);
    d["webhookUrl"] = g.asked.webhook_url;
    d["metadata"] = json::parse(g.asked.metadata);
    d["held"] = g.held;
    d["statusCalls"] = g.status_calls;
    d["video"] = nullptr;
    if (g.status == task_status::succeeded) {
        json::object film;
        film["url"] = url;
        film["size"] = g.future.video_size;
        film["sha256"] = g.sha256;
        film["transfers"] = g.transfers;
        d["video"] = std::move(film);
    }
    json::array callbacks;
    for (const sent_callback& c : g.callbacks) {
        callbacks.push_back(describe(c));
    }
    d["callbacks"] = std::move(callbacks);
    return d;
}

generation_ptr named(const studio& tasks, const http::request& r) {
    const auto id = http::percent_decode(r.captures.at(0));
    return id ? tasks.find(*id) : nullptr;
}

http::response no_such_task() { return http::error_response(404, "not_found", "No such task"); }

http::response has_settled() { return http::error_response(409, "settled", "The task has already ended"); }

// Whether the body says `"held": true`, which it must say or deny.
result<bool> held_in(const http::request& r) {
    const auto body = object_in(r);
    if (!body) {
        return body.error();
    }
    const auto held = truth_in(*body, "held");
    if (!held) {
        return held.error();
    }
    return *held ? result<bool>(**held) : result<bool>(error(errc::invalid, "held is required"));
}

struct ending {
    task_status status = task_status::succeeded;
    bool silent = false;
};

// How the body wants a task to end that would end as `planned`.
result<ending> ending_in(const http::request& r, const plan& planned) {
    const auto body = object_in(r);
    if (!body) {
        return body.error();
    }
    const auto status = text_in(*body, "status");
    const auto callback = truth_in(*body, "callback");
    if (!status || !callback) {
        return status ? callback.error() : status.error();
    }
    ending e{planned.fate, callback->has_value() ? !**callback : planned.callback_lost};
    if (*status) {
        const auto asked = parse_task_status(**status);
        if (asked != task_status::succeeded && asked != task_status::failed && asked != task_status::cancelled) {
            return error(errc::invalid, "status must be succeeded, failed or cancelled");
        }
        e.status = *asked;
    }
    return e;
}

} // namespace

void test_hooks::add_to(http::router& routes) {
    const auto add = [&](const char* method, const char* path, auto what) {
        add_hook(routes, *this, method, path, what);
    };
    add("GET", "/sandbox/tasks", &test_hooks::list);
    add("GET", "/sandbox/tasks/{}", &test_hooks::show);
    add("POST", "/sandbox/tasks/{}/settle", &test_hooks::settle);
    add("POST", "/sandbox/tasks/{}/hold", &test_hooks::hold);
    add("POST", "/sandbox/hold", &test_hooks::hold_all);
    add("POST", "/sandbox/tasks/{}/expire-urls", &test_hooks::expire_urls);
    add("POST", "/sandbox/tasks/{}/callback", &test_hooks::send_again);
    add("POST", "/sandbox/forge", &test_hooks::forge);
}

awaitable<> test_hooks::ensure_sha256(generation_ptr g) {
    if (g->status != task_status::succeeded || !g->sha256.empty()) {
        co_return;
    }
    auto compute = [film = video(g->future.video_key, g->future.request_id, g->future.video_size)] {
        return film.sha256();
    };
    g->sha256 = co_await hashing_.run(std::move(compute));
}

awaitable<http::response> test_hooks::list(const http::request& r) {
    const page asked = page_of(r);
    const auto found = studio_.list(asked.from, asked.limit);
    json::array tasks;
    for (const generation_ptr& g : found) {
        co_await ensure_sha256(g);
        tasks.push_back(describe(*g, studio_.video_url(*g)));
    }
    json::object answer;
    answer["tasks"] = std::move(tasks);
    co_return json_answer(answer);
}

awaitable<http::response> test_hooks::show(const http::request& r) {
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    co_return co_await described(g);
}

awaitable<http::response> test_hooks::described(generation_ptr g) {
    co_await ensure_sha256(g);
    co_return json_answer(describe(*g, studio_.video_url(*g)));
}

awaitable<http::response> test_hooks::settle(const http::request& r) {
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    const auto wanted = ending_in(r, g->future);
    if (!wanted) {
        co_return bad_request(wanted.error());
    }
    if (is_terminal(g->status)) {
        co_return has_settled();
    }
    g->future.callback_lost = wanted->silent;
    studio_.end(g, wanted->status);
    co_return co_await described(g);
}

awaitable<http::response> test_hooks::hold(const http::request& r) {
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    const auto held = held_in(r);
    if (!held) {
        co_return bad_request(held.error());
    }
    if (is_terminal(g->status)) {
        co_return has_settled();
    }
    studio_.hold(g, *held);
    co_return co_await described(g);
}

awaitable<http::response> test_hooks::hold_all(const http::request& r) {
    const auto held = held_in(r);
    if (!held) {
        co_return bad_request(held.error());
    }
    studio_.hold_all(*held);
    json::object answer;
    answer["held"] = *held;
    co_return json_answer(answer);
}

awaitable<http::response> test_hooks::expire_urls(const http::request& r) {
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    studio_.expire_urls(*g);
    co_return co_await described(g);
}

awaitable<http::response> test_hooks::send_again(const http::request& r) {
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    if (!is_terminal(g->status)) {
        co_return http::error_response(409, "not_settled", "The task has not ended yet");
    }
    std::string why = "asked";
    const sent_callback sent = co_await studio_.tell(g, std::move(why));
    co_return json_answer(describe(sent));
}

awaitable<http::response> test_hooks::forge(const http::request& r) {
    const auto body = object_in(r);
    const auto id = body ? text_in(*body, "requestId") : body.error();
    const auto target = body ? text_in(*body, "webhookUrl") : body.error();
    if (!id || !target) {
        co_return bad_request(id ? target.error() : id.error());
    }
    if (id->value_or("").empty()) {
        co_return bad_request(error(errc::invalid, "requestId is required"));
    }
    std::string to = target->value_or("");
    if (const auto g = studio_.find(**id); g && to.empty()) {
        to = g->asked.webhook_url;
    }
    const sent_callback sent = co_await studio_.forge(**id, std::move(to));
    co_return json_answer(describe(sent));
}

} // namespace seedhook::sandbox
