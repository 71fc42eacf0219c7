// The sandbox's own endpoints.
#include "sandbox/test_hooks.hpp"

#include "sandbox/video.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr std::uint64_t usual_page = 1000;
constexpr std::uint64_t largest_page = 10'000;

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

std::uint64_t number_in(std::string_view query, std::string_view key, std::uint64_t otherwise) {
    const auto text = http::query_value(query, key);
    std::uint64_t value = otherwise;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), value);
    }
    return value;
}

generation_ptr named(const studio& tasks, const http::request& r) {
    const auto id = http::percent_decode(r.captures.at(0));
    return id ? tasks.find(*id) : nullptr;
}

http::response no_such_task() { return http::error_response(404, "not_found", "No such task"); }

// A field of a JSON object as text; empty when it is not there or not text.
std::string text_of(const json::value& document, std::string_view name) {
    const json::value* found = document.is_object() ? document.get_object().if_contains(name) : nullptr;
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

} // namespace

void test_hooks::add_to(http::router& routes) {
    const auto add = [&](std::string method, std::string path,
                         awaitable<http::response> (test_hooks::*what)(const http::request&)) {
        http::endpoint e;
        e.method = std::move(method);
        e.path = std::move(path);
        e.handle = [this, what](const http::request& r) { return (this->*what)(r); };
        routes.add(std::move(e));
    };
    add("GET", "/sandbox/tasks", &test_hooks::list);
    add("GET", "/sandbox/tasks/{}", &test_hooks::show);
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
    const std::uint64_t limit = std::min(number_in(r.query, "limit", usual_page), largest_page);
    const auto page = studio_.list(number_in(r.query, "from", 0), static_cast<std::size_t>(limit));
    json::array tasks;
    for (const generation_ptr& g : page) {
        co_await ensure_sha256(g);
        tasks.push_back(describe(*g, studio_.video_url(*g)));
    }
    json::object answer;
    answer["tasks"] = std::move(tasks);
    co_return http::json_response(200, json::serialize(answer));
}

awaitable<http::response> test_hooks::show(const http::request& r) {
    const auto g = named(studio_, r);
    if (!g) {
        co_return no_such_task();
    }
    co_await ensure_sha256(g);
    co_return http::json_response(200, json::serialize(describe(*g, studio_.video_url(*g))));
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
    co_return http::json_response(200, json::serialize(describe(sent)));
}

awaitable<http::response> test_hooks::forge(const http::request& r) {
    boost::system::error_code failed;
    const json::value document = json::parse(r.body, failed);
    std::string id = failed ? std::string() : text_of(document, "requestId");
    if (id.empty()) {
        co_return http::error_response(400, "invalid_request", "requestId is required");
    }
    std::string to = text_of(document, "webhookUrl");
    if (const auto g = studio_.find(id); g && to.empty()) {
        to = g->asked.webhook_url;
    }
    const sent_callback sent = co_await studio_.forge(std::move(id), std::move(to));
    co_return http::json_response(200, json::serialize(describe(sent)));
}

} // namespace seedhook::sandbox
