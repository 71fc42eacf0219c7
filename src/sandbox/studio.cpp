// The lives of tasks: queued, processing, settled, announced.
#include "sandbox/studio.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/log/log.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::sandbox {
namespace {

constexpr duration first_retry = std::chrono::milliseconds(200);
constexpr duration longest_retry = std::chrono::seconds(5);
constexpr std::size_t longest_answer = 1024;
constexpr std::size_t answer_limit = std::size_t{64} * 1024;

bool taken(const sent_callback& c) noexcept { return c.status >= 200 && c.status < 300; }

time_point now() { return system_clock().now(); }

} // namespace

studio::studio(const options& how, video_urls urls, http::client& out, task_group& work)
    : options_(how), urls_(std::move(urls)), out_(out), work_(work), table_(how.max_tasks) {}

result<generation_ptr> studio::submit(submission asked, std::string owner) {
    const std::uint64_t price = credits_for(asked);
    if (options_.credits && credits_used_ + price > *options_.credits) {
        return error(errc::refused, "Insufficient credits");
    }
    auto g = std::make_shared<generation>();
    g->future = make_plan(options_, table_.next_ordinal());
    g->asked = std::move(asked);
    g->owner = std::move(owner);
    g->credits = price;
    g->submitted_at = now();
    if (!table_.add(g)) {
        return error(errc::unavailable, "Too many tasks under way");
    }
    credits_used_ += price;
    log::info("task submitted", {{"requestId", g->future.request_id}, {"model", g->asked.model}});
    work_.spawn(live(g), "task");
    return g;
}

bool studio::end(const generation_ptr& g, task_status as) {
    if (is_terminal(g->status)) {
        return false;
    }
    settle(*g, as);
    work_.spawn(announce(g), "ended task");
    return true;
}

void studio::hold_all(bool on) {
    all_held_ = on;
    for (const generation_ptr& g : table_.list(0, options_.max_tasks)) {
        let_go(g);
    }
}

void studio::hold(const generation_ptr& g, bool on) {
    g->held = on;
    let_go(g);
}

void studio::let_go(const generation_ptr& g) {
    if (g->due && !is_held(*g)) {
        end(g, g->future.fate);
    }
}

void studio::expire_urls(generation& g) {
    g.future.url_expires = true;
    ++g.url_generation;
}

std::string studio::video_url(const generation& g) const {
    if (g.status != task_status::succeeded) {
        return {};
    }
    const std::string& id = g.future.request_id;
    return g.future.url_expires ? urls_.until(id, g.url_generation, now() + options_.url_lifetime) : urls_.lasting(id);
}

std::string studio::shown_url(const generation& g) const {
    const bool hidden = g.settled_at && now() < *g.settled_at + g.future.url_after;
    return hidden ? std::string() : video_url(g);
}

bool studio::url_alive(const generation& g, std::string_view query) const {
    return !g.future.url_expires || urls_.alive(g.future.request_id, g.url_generation, query, now());
}

void studio::settle(generation& g, task_status status) {
    g.status = status;
    g.settled_at = now();
    log::info("task settled", {{"requestId", g.future.request_id}, {"status", to_string(status)}});
}

awaitable<> studio::live(generation_ptr g) {
    const duration in_queue = g->future.settles_after / 4;
    if (!co_await sleep_for(in_queue)) {
        co_return;
    }
    if (g->status == task_status::queued) {
        g->status = task_status::processing;
    }
    const bool slept = co_await sleep_for(g->future.settles_after - in_queue);
    if (!slept || is_terminal(g->status)) {
        co_return; // we stop, or it was cancelled meanwhile
    }
    g->due = true;
    let_go(g);
}

awaitable<> studio::announce(generation_ptr g) {
    const bool anyone = !g->asked.webhook_url.empty() || !options_.default_webhook.empty();
    if (g->future.callback_lost || !anyone || !co_await sleep_for(g->future.callback_after)) {
        co_return;
    }
    co_await tell_until_taken(g);
    if (g->future.callback_twice && co_await sleep_for(g->future.second_after)) {
        std::string why = "duplicate";
        co_await tell(g, std::move(why));
    }
}

awaitable<> studio::tell_until_taken(generation_ptr g) {
    duration wait = first_retry;
    for (unsigned attempt = 0; attempt <= options_.retry_callbacks; ++attempt) {
        if (attempt > 0 && !co_await sleep_for(wait)) {
            co_return;
        }
        std::string why = attempt == 0 ? "settled" : "retry";
        const sent_callback sent = co_await tell(g, std::move(why));
        if (taken(sent)) {
            co_return;
        }
        wait = attempt == 0 ? first_retry : std::min(wait * 2, longest_retry);
    }
}

std::string studio::told_url(const generation& g) const {
    if (g.status != task_status::succeeded || g.future.no_url) {
        return {};
    }
    const std::string& id = g.future.request_id;
    const time_point past = now() - std::chrono::seconds(1);
    return g.future.url_expires ? urls_.until(id, g.url_generation, past) : urls_.lasting(id);
}

awaitable<sent_callback> studio::tell(generation_ptr g, std::string why) {
    std::string body = callback_document(*g, told_url(*g));
    std::string to = g->asked.webhook_url.empty() ? options_.default_webhook : g->asked.webhook_url;
    std::string secret = options_.webhook_secret;
    sent_callback sent = co_await post(std::move(to), std::move(body), std::move(secret), std::move(why));
    remember(*g, sent);
    co_return sent;
}

awaitable<sent_callback> studio::forge(std::string request_id, std::string to) {
    generation fake;
    fake.future.request_id = request_id;
    fake.status = task_status::succeeded;
    std::string body = callback_document(fake, urls_.lasting(request_id));
    std::string secret = "not " + options_.webhook_secret;
    if (to.empty()) {
        to = options_.default_webhook;
    }
    std::string why = "forged";
    sent_callback sent = co_await post(std::move(to), std::move(body), std::move(secret), std::move(why));
    if (const auto g = find(request_id)) {
        remember(*g, sent);
    }
    co_return sent;
}

awaitable<sent_callback> studio::post(std::string to, std::string body, std::string secret, std::string why) {
    sent_callback sent;
    sent.at = now();
    sent.why = std::move(why);
    http::client_request request;
    request.method = "POST";
    request.url = std::move(to);
    request.fields.emplace_back("Content-Type", "application/json");
    if (!secret.empty()) {
        request.fields.emplace_back("x-seedance-signature", crypto::to_hex(crypto::hmac_sha256(secret, body)));
    }
    request.body = std::move(body);
    request.response_limit = answer_limit;
    auto answer = co_await out_.send(std::move(request));
    if (answer) {
        sent.status = answer->status;
        sent.answer = answer->body.substr(0, longest_answer);
    } else {
        sent.answer = answer.error().message;
    }
    log::info("callback sent", {{"why", sent.why}, {"status", std::int64_t{sent.status}}, {"answer", sent.answer}});
    co_return sent;
}

} // namespace seedhook::sandbox
