// Waiting for a turn, asking, and telling the gate what came of it.
#include "seedhook/poll/asker.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace seedhook {
namespace {

using kind = seedance::api_failure::kind;
using api_answer = seedance::api_result<seedance::api_report>;

// The gate is looked at again at least this often: another call's answer may have opened or shut it.
constexpr duration longest_look = std::chrono::seconds(5);

std::string_view result_name(const api_answer& answer) {
    if (answer) {
        const auto status = answer->report.status;
        return status && is_terminal(*status) ? "finished" : "unfinished";
    }
    switch (answer.error().what) {
    case kind::not_found:
        return "not_found";
    case kind::unauthorized:
        return "unauthorized";
    case kind::rate_limited:
        return "rate_limited";
    default:
        return "failed";
    }
}

class source_asker final : public asker {
public:
    source_asker(std::string source, std::shared_ptr<source_access> by, metrics& counts)
        : source_(std::move(source)), by_(std::move(by)), counts_(counts) {}

    awaitable<api_answer> ask(std::string request_id) override {
        while (!by_->gate.admit(std::chrono::steady_clock::now())) {
            const bool goes_on = co_await sleep_for(std::clamp(next_turn(), duration(1), longest_look));
            if (!goes_on) {
                co_return stopped();
            }
        }
        const std::shared_ptr<seedance::api> through = by_->api;
        const unsigned changes = by_->changes;
        api_answer answer = co_await through->status(std::move(request_id));
        if (changes == by_->changes) { // else it says nothing of the key that a reload has brought meanwhile
            report(answer);
        }
        co_return answer;
    }

    duration next_turn() const override {
        const auto left = by_->gate.next_call() - std::chrono::steady_clock::now();
        return std::max(duration(0), std::chrono::ceil<duration>(left));
    }

private:
    static seedance::api_failure stopped() {
        seedance::api_failure failure;
        failure.what = kind::cancelled;
        failure.message = "told to stop";
        return failure;
    }

    void report(const api_answer& answer) {
        if (!answer && answer.error().what == kind::cancelled) {
            return;
        }
        counts_.poll(source_, result_name(answer));
        const auto now = std::chrono::steady_clock::now();
        const auto before = by_->gate.degraded(now);
        tell_gate(answer, now);
        const auto after = by_->gate.degraded(now);
        if (after && after != before) {
            log::warning("the API is not to be asked for now",
                         {{"source", source_}, {"reason", std::string_view(*after)}});
        } else if (before && !after) {
            log::info("the API answers again", {{"source", source_}});
        }
    }

    void tell_gate(const api_answer& answer, steady_time now) {
        if (answer) {
            by_->gate.answered();
            return;
        }
        const seedance::api_failure& failure = answer.error();
        switch (failure.what) {
        case kind::not_found:
        case kind::invalid_request:
        case kind::insufficient_credits:
            by_->gate.answered();
            break;
        case kind::unauthorized:
            by_->gate.unauthorized(now);
            break;
        case kind::rate_limited:
            by_->gate.throttled(now, failure.retry_after);
            break;
        default:
            by_->gate.failed(now, failure.message, jitter_(random_));
        }
    }

    const std::string source_;
    std::shared_ptr<source_access> by_;
    metrics& counts_;
    std::minstd_rand random_{std::random_device{}()};
    std::uniform_real_distribution<double> jitter_{0.0, 1.0};
};

errc errc_of(kind what) {
    switch (what) {
    case kind::cancelled:
        return errc::cancelled;
    case kind::not_found:
        return errc::not_found;
    case kind::unauthorized:
        return errc::unauthorized;
    case kind::unreachable:
        return errc::network;
    case kind::malformed:
        return errc::protocol;
    default:
        return errc::unavailable;
    }
}

} // namespace

std::shared_ptr<asker> make_asker(std::string source, std::shared_ptr<source_access> by, metrics& counts) {
    return std::make_shared<source_asker>(std::move(source), std::move(by), counts);
}

awaitable<result<std::string>> ask_for_url(std::shared_ptr<asker> upstream, store& tasks, task of, const clock& time) {
    if (upstream->next_turn() > longest_look) { // who fetches cannot wait so long: others have videos to fetch
        co_return error(errc::unavailable, "the API is not to be asked for now");
    }
    auto answer = co_await upstream->ask(of.request_id);
    if (!answer) {
        co_return error(errc_of(answer.error().what), answer.error().message);
    }
    std::string url = std::move(answer->report.video_url);
    if (answer->report.status != task_status::succeeded || url.empty()) {
        co_return error(errc::not_found, "upstream has no URL of the video");
    }
    url_command fresh;
    fresh.task = of.id;
    fresh.url = url;
    fresh.body = std::move(answer->body);
    fresh.now = time.now();
    const auto kept = co_await tasks.set_url(std::move(fresh));
    if (!kept) {
        co_return kept.error();
    }
    co_return url;
}

} // namespace seedhook
