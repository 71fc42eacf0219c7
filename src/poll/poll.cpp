// One poll: the answer, and what follows from it.
#include "seedhook/poll/poll.hpp"

#include "seedhook/log/log.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <utility>

namespace seedhook {
namespace {

using kind = seedance::api_failure::kind;

constexpr duration least_step = std::chrono::hours(1);
constexpr duration between_unknown = std::chrono::minutes(1);
constexpr unsigned unknown_at_most = 3;
constexpr std::size_t most_unknown = 10'000;
constexpr duration store_pause = std::chrono::seconds(1);

class poll_handler final : public handler {
public:
    poll_handler(poll_settings settings, poll_context with) : settings_(settings), with_(std::move(with)) {}

    awaitable<outcome> run(const claimed_job& work) override {
        auto answer = co_await with_.upstream->ask(work.of.request_id);
        if (answer || answer.error().what == kind::not_found) {
            made_sense_ = with_.time.now();
        }
        if (answer) {
            unknown_.erase(work.of.id);
            co_return co_await take_in(work, std::move(*answer));
        }
        const seedance::api_failure failure = std::move(answer.error());
        if (failure.what == kind::cancelled) {
            co_return interrupted();
        }
        if (failure.what == kind::not_found) {
            co_return co_await unknown(work, failure);
        }
        co_return co_await no_sense(work, failure);
    }

private:
    awaitable<outcome> take_in(const claimed_job& work, seedance::api_report answer) {
        const time_point now = with_.time.now();
        const task& t = work.of;
        const task_status status = answer.report.status.value_or(task_status::processing);
        const duration waited = waited_after(work.work, now, settings_.max_interval);
        const bool news = is_terminal(status) || status != t.status || t.unconfirmed ||
                          (t.model.empty() && !answer.report.model.empty());
        if (news) {
            settle_command what = command_for(t, status, now);
            what.model = std::move(answer.report.model);
            what.video_url = std::move(answer.report.video_url);
            what.failure = std::move(answer.report.failure);
            what.body = std::move(answer.body);
            const auto settled = co_await with_.tasks.settle(std::move(what));
            if (!settled) {
                co_return not_yet(settled.error().message, store_pause, work.work.waited);
            }
            count(t, status, settled->what);
        }
        if (is_terminal(status)) {
            co_return done();
        }
        if (waited >= settings_.give_up_after) {
            task_failure why;
            why.message = "not finished after " + to_string(settings_.give_up_after);
            co_return co_await expire(work, std::move(why));
        }
        const time_point next = next_ask(work, now);
        co_return not_yet(answer.report.status_text, next - now, waited);
    }

    // An answer that refuses this task is asked for again like one that says it runs, and not for ever. Faults of the
    // API itself are never the task's: they only put it off. What fails or makes no sense may be either: it is held
    // against the task while others of the source are answered, and then for twice as long, as any one answer may fail.
    awaitable<outcome> no_sense(const claimed_job& work, const seedance::api_failure& failure) {
        const time_point now = with_.time.now();
        const bool refused = failure.what == kind::invalid_request || failure.what == kind::insufficient_credits;
        const bool the_apis = failure.what == kind::unauthorized || failure.what == kind::rate_limited;
        const bool others_are_answered = made_sense_ && *made_sense_ > work.work.updated_at;
        const bool about_the_task = refused || (others_are_answered && !the_apis);
        const duration waited =
            about_the_task ? waited_after(work.work, now, settings_.max_interval) : work.work.waited;
        if (about_the_task && waited >= (refused ? 1 : 2) * settings_.give_up_after) {
            task_failure why;
            why.code = failure.code;
            why.message = failure.message;
            co_return co_await expire(work, std::move(why));
        }
        not_yet later(failure.message, std::max(with_.upstream->next_turn(), next_ask(work, now) - now), waited);
        later.counts = about_the_task;
        co_return later;
    }

    time_point next_ask(const claimed_job& work, time_point now) {
        const task& t = work.of;
        return with_.plans.next_ask(t.source, t.model, t.submitted_at.value_or(t.created_at), now, work.work.attempts,
                                    jitter_(random_), t.called_back);
    }

    // A task may be asked about before upstream knows it everywhere: one such answer says little.
    awaitable<outcome> unknown(const claimed_job& work, const seedance::api_failure& failure) {
        if (unknown_.size() >= most_unknown) { // of tasks that ended otherwise
            unknown_.erase(unknown_.begin());
        }
        unknown_task& said = unknown_[work.of.id];
        const time_point now = with_.time.now();
        if (said.times == 0 || now >= said.last + between_unknown || now < said.last) {
            said.last = now;
            ++said.times;
        }
        const unsigned times = said.times;
        if (times < unknown_at_most) {
            not_yet later("upstream does not know it, " + std::to_string(times) + " of " +
                              std::to_string(unknown_at_most) + " answers",
                          between_unknown, work.work.waited);
            later.counts = false;
            co_return later;
        }
        unknown_.erase(work.of.id);
        task_failure why;
        why.code = failure.code.empty() ? "not_found" : failure.code;
        why.message = "upstream does not know the task";
        co_return co_await expire(work, std::move(why));
    }

    awaitable<outcome> expire(const claimed_job& work, task_failure why) {
        settle_command what = command_for(work.of, task_status::expired, with_.time.now());
        what.failure = std::move(why);
        const auto settled = co_await with_.tasks.settle(std::move(what));
        if (!settled) {
            co_return not_yet(settled.error().message, store_pause, work.work.waited);
        }
        if (settled->what == settle_reply::kind::tracked) { // a callback came meanwhile that says otherwise
            not_yet again_soon("asked again at a callback's word", store_pause, work.work.waited);
            again_soon.counts = false;
            co_return again_soon;
        }
        count(work.of, task_status::expired, settled->what);
        co_return done();
    }

    void count(const task& t, task_status status, settle_reply::kind what) const {
        if (what == settle_reply::kind::settled) {
            log::info(is_terminal(status) ? "poll settled" : "gave up waiting",
                      {{"source", t.source}, {"request_id", t.request_id}, {"status", to_string(status)}});
            with_.counts.settled(t.source, "poll", to_string(status));
        }
    }

    settle_command command_for(const task& t, task_status status, time_point now) const {
        settle_command what;
        what.source = t.source;
        what.request_id = t.request_id;
        what.status = status;
        what.by = "poll";
        what.now = now;
        what.ask_at = now + settings_.max_interval;
        what.routes = with_.routes;
        return what;
    }

    struct unknown_task {
        unsigned times = 0; // answers in a row that upstream does not know it, a minute apart
        time_point last{};
    };

    const poll_settings settings_;
    const poll_context with_;
    std::optional<time_point> made_sense_;    // the last answer that did, about any task
    std::map<task_id, unknown_task> unknown_; // forgotten at a restart, and when there are too many
    std::minstd_rand random_{std::random_device{}()};
    std::uniform_real_distribution<double> jitter_{0.0, 1.0};
};

} // namespace

duration waited_after(const job& poll, time_point now, duration max_interval) noexcept {
    const duration most = std::max(least_step, 2 * max_interval);
    return poll.waited + std::clamp(now - poll.updated_at, duration(0), most);
}

std::shared_ptr<handler> make_poll_handler(poll_settings settings, poll_context with) {
    return std::make_shared<poll_handler>(settings, std::move(with));
}

} // namespace seedhook
