// The callback endpoint: signature over the raw bytes, then JSON, then settle, and an answer once that is committed.
#include "seedhook/receive/receive.hpp"

#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"
#include "seedhook/seedance/callback.hpp"
#include "seedhook/seedance/signature.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace seedhook {
namespace {

// What became of a callback, in the words of each reader.
struct verdict {
    std::string_view result;  // for metrics and logs
    std::string_view message; // the log line's
};
constexpr verdict settled{"settled", "callback settled"};
constexpr verdict duplicate{"duplicate", "callback repeated"};
constexpr verdict conflict{"conflict", "callback contradicts the first"};
constexpr verdict confirming{"confirming", "callback to be confirmed"};
constexpr verdict ignored{"ignored", "callback not terminal"};
constexpr verdict unauthorized{"unauthorized", "callback refused: signature"};
constexpr verdict limited{"limited", {}}; // too many to tell of each
constexpr verdict invalid{"invalid", "callback refused: content"};
constexpr verdict unavailable{"unavailable", "callback not stored"};

verdict verdict_of(settle_reply::kind kind) noexcept {
    switch (kind) {
    case settle_reply::kind::settled:
        return settled;
    case settle_reply::kind::duplicate:
        return duplicate;
    case settle_reply::kind::conflict:
        return conflict;
    case settle_reply::kind::tracked:
        break;
    }
    return ignored;
}

// `request_id` is valid, so nothing in it needs escaping.
http::response accepted(std::string_view request_id, settle_reply::kind kind) {
    std::string text = R"({"success":true,"requestId":")";
    text += request_id;
    switch (kind) {
    case settle_reply::kind::settled:
        text += R"(","duplicate":false})";
        break;
    case settle_reply::kind::duplicate:
    case settle_reply::kind::conflict:
        text += R"(","duplicate":true})";
        break;
    case settle_reply::kind::tracked:
        text += R"(","duplicate":false,"ignored":true})";
        break;
    }
    return http::json_response(200, std::move(text));
}

// How many tasks of a source may be known from callbacks alone that prove nothing: each costs calls to the API.
constexpr std::uint32_t most_unconfirmed = 1000;

http::response too_many_failures(std::chrono::seconds wait) {
    auto answer = http::error_response(429, "rate_limited", "too many wrong signatures came from this address");
    answer.fields.emplace_back("Retry-After", std::to_string(wait.count()));
    return answer;
}

http::response try_again_later(std::string_view why) {
    auto answer = http::error_response(503, "unavailable", why);
    answer.fields.emplace_back("Retry-After", "1");
    return answer;
}

class callback_endpoint {
public:
    callback_endpoint(const config::source& of, receive_context with) : with_(std::move(with)), source_(of.name) {
        if (config::is_signed(of.verify)) {
            verifier_.emplace(of.signature, of.secrets);
        }
        only_hints_ = of.verify == config::verify_kind::confirm || of.verify == config::verify_kind::both;
    }

    // `self` keeps the endpoint while the request runs, also when a reload drops the router meanwhile.
    static awaitable<http::response> handle(std::shared_ptr<const callback_endpoint> self,
                                            const http::request& callback) {
        const auto began = std::chrono::steady_clock::now();
        if (self->verifier_ && !self->verifier_->verify(callback)) {
            log::write_seldom(log::level::warning, unauthorized.message, 1,
                              {{"source", self->source_}, {"peer", callback.peer}});
            self->count(unauthorized, began);
            self->note_failure(callback, began);
            co_return http::error_response(401, "unauthorized", "the signature is missing or wrong");
        }
        auto report = seedance::read_callback(callback.body);
        if (!report) {
            log::write_seldom(log::level::info, invalid.message, 1,
                              {{"source", self->source_}, {"reason", report.error().message}, {"peer", callback.peer}});
            self->count(invalid, began);
            co_return http::error_response(400, "invalid_request", report.error().message);
        }
        if (self->only_hints_) {
            co_return co_await self->hint(*report, callback.peer, began);
        }
        settle_command command = self->command_for(*report, callback.body);
        const task_status status = command.status;
        auto reply = co_await self->with_.tasks.settle(std::move(command));
        if (!reply) {
            self->say(unavailable, *report, callback.peer, reply.error().message);
            self->count(unavailable, began);
            co_return try_again_later("the callback could not be stored; send it again");
        }
        const verdict what = verdict_of(reply->what);
        self->say(what, *report, callback.peer, {});
        self->count(what, began);
        if (reply->what == settle_reply::kind::settled) {
            self->with_.counts.settled(self->source_, "callback", to_string(status));
        }
        co_return accepted(report->request_id, reply->what);
    }

    // Before the body is read.
    std::optional<http::response> refuse_early(const http::request& callback) const {
        if (!verifier_ || with_.failures == nullptr || !with_.failures->refuses_anybody()) {
            return std::nullopt;
        }
        const auto now = std::chrono::steady_clock::now();
        const auto wait = with_.failures->refused_for(callback.client, now);
        if (!wait) {
            return std::nullopt;
        }
        count(limited, now);
        return too_many_failures(*wait);
    }

private:
    void note_failure(const http::request& callback, std::chrono::steady_clock::time_point now) const {
        if (with_.failures != nullptr && with_.failures->failed(callback.client, now)) {
            log::write_seldom(log::level::warning,
                              "too many wrong signatures: callbacks from there are refused for a minute", 1,
                              {{"source", source_}, {"peer", callback.peer}});
        }
    }

    // The callback is no more than a reason to ask the API. The endpoint outlives the call: see `handle`.
    awaitable<http::response> hint(const seedance::task_report& report, std::string_view peer,
                                   std::chrono::steady_clock::time_point began) const {
        using kind = hint_reply::kind;
        hint_command command;
        command.source = source_;
        command.request_id = report.request_id;
        command.most_unknown = verifier_ ? std::numeric_limits<std::uint32_t>::max() : most_unconfirmed;
        command.now = with_.time.now();
        const auto reply = co_await with_.tasks.hint(std::move(command));
        if (!reply || reply->what == kind::refused) {
            const std::string why = reply ? "too many tasks are still to be confirmed" : reply.error().message;
            say(unavailable, report, peer, why);
            count(unavailable, began);
            co_return try_again_later("the callback cannot be taken now; send it again");
        }
        const verdict what = reply->what == kind::duplicate ? duplicate : confirming;
        say(what, report, peer, {});
        count(what, began);
        std::string text = R"({"success":true,"requestId":")" + report.request_id;
        text += reply->what == kind::duplicate ? R"(","duplicate":true})" : R"(","duplicate":false,"confirming":true})";
        co_return http::json_response(200, std::move(text));
    }

    settle_command command_for(const seedance::task_report& report, std::string_view body) const {
        settle_command command;
        command.source = source_;
        command.request_id = report.request_id;
        // A status that we do not know is not terminal: the task is tracked.
        command.status = report.status.value_or(task_status::processing);
        command.by = "callback";
        command.video_url = report.video_url;
        command.failure = report.failure;
        command.body = body;
        command.now = with_.time.now();
        if (with_.first_ask && !is_terminal(command.status)) {
            command.ask_at = with_.first_ask(source_, report.model, command.now);
        }
        command.model = report.model;
        command.routes = with_.routes;
        return command;
    }

    void say(verdict what, const seedance::task_report& report, std::string_view peer, std::string_view why) const {
        const log::field source{"source", source_};
        const log::field request_id{"request_id", report.request_id};
        const log::field status{"status", report.status_text};
        const log::field result{"result", what.result};
        const log::field from{"peer", peer};
        if (why.empty()) {
            log::info(what.message, {source, request_id, status, result, from});
        } else {
            log::write_seldom(log::level::warning, what.message, 2,
                              {source, {"reason", why}, request_id, status, result, from});
        }
    }

    void count(verdict what, std::chrono::steady_clock::time_point began) const {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        with_.counts.callback(source_, what.result, took.count());
    }

    receive_context with_;
    std::string source_;
    std::optional<seedance::signature_verifier> verifier_; // none: callbacks need no signature
    bool only_hints_ = false;
};

} // namespace

void add_callback_endpoints(http::router& into, const std::vector<config::source>& sources, receive_context with) {
    for (const config::source& of : sources) {
        const auto endpoint = std::make_shared<const callback_endpoint>(of, with);
        http::endpoint entry;
        entry.method = "POST";
        entry.path = of.path;
        entry.body_limit = with.body_limit;
        entry.handle = [endpoint](const http::request& callback) {
            return callback_endpoint::handle(endpoint, callback);
        };
        entry.refuse_early = [endpoint](const http::request& callback) { return endpoint->refuse_early(callback); };
        into.add(std::move(entry));
    }
}

} // namespace seedhook
