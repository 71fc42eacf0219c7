// A submission from its note to the tracked task, and what becomes of it when the answer does not come.
#include "seedhook/gateway/front_desk.hpp"

#include "gateway/answer.hpp"
#include "gateway/document.hpp"
#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace seedhook {
namespace {

using gateway::submission_document;

constexpr duration first_wait{100};
constexpr duration longest_wait{1000};
constexpr std::size_t most_kept_of_answer = 64 * 1024;
constexpr std::string_view never_answered = "seedhook was stopped before upstream's answer came";
constexpr std::string_view left_open = "seedhook was stopped before upstream's answer came or could be noted";

// The client that an API is made of, keeping the answer as it came: the API tells what it means, and the app gets its
// very bytes.
class witness final : public http::client {
public:
    explicit witness(http::client& over) : over_(over) {}

    std::optional<result<http::client_response>> seen;

    awaitable<result<http::client_response>> send(http::client_request what) override {
        auto answer = co_await over_.send(std::move(what));
        seen.emplace(answer);
        co_return answer;
    }
    awaitable<result<http::client_response>> download(http::client_request what, http::byte_sink& into) override {
        return over_.download(std::move(what), into);
    }
    void close() override { over_.close(); }

private:
    http::client& over_;
};

upstream_answer store_is_away(const error& why) {
    log::write_seldom(log::level::warning, "submission not begun", 1, {{"reason", why.message}});
    upstream_answer out =
        gateway::refusal(503, "unavailable", "the submission could not be noted, and was not sent; try again");
    out.fields.emplace_back("Retry-After", "1");
    return out;
}

// What was asked of upstream, and what came of it.
struct submission {
    const upstream& to;
    submission_document document;
    std::string by;
    std::int64_t intent = 0;
    time_point sent_at{};
    result<http::client_response> answer = error(errc::cancelled, std::string(never_answered));

    submission(const upstream& of, submission_document what, std::string who)
        : to(of), document(std::move(what)), by(std::move(who)) {}
};

// Counts as long as it lives.
class call_in_hand {
public:
    explicit call_in_hand(std::size_t& calls) : calls_(calls) { ++calls_; }
    ~call_in_hand() { --calls_; }
    call_in_hand(const call_in_hand&) = delete;
    call_in_hand& operator=(const call_in_hand&) = delete;

private:
    std::size_t& calls_;
};

class upstream_desk final : public front_desk {
public:
    explicit upstream_desk(front_desk_context with) : with_(std::move(with)) {}

    awaitable<upstream_answer> submit(std::string source, std::string document, std::string by) override {
        const call_in_hand counted(in_hand_);
        const auto present = with_.sources();
        const upstream* const to = find_upstream(*present, source);
        if (to == nullptr) {
            co_return gateway::no_such_source(source);
        }
        if (document.size() > most_submission_bytes) {
            co_return gateway::refusal(413, "too_large", "the body is larger than 256 KiB");
        }
        auto read = gateway::read_submission(document, to->callback_url);
        if (!read) {
            co_return gateway::refusal(400, "invalid_request", read.error().message);
        }
        submission one(*to, std::move(*read), std::move(by));
        begin_submission_command begin;
        begin.source = source;
        begin.what = one.document.what;
        begin.now = with_.time.now();
        const auto begun = co_await with_.tasks.begin_submission(std::move(begin));
        if (!begun) {
            co_return store_is_away(begun.error());
        }
        one.intent = begun->intent;
        auto answer = co_await send(one);
        co_return answer;
    }

    awaitable<upstream_answer> cancel(std::string source, std::string request_id) override {
        const call_in_hand counted(in_hand_);
        const auto present = with_.sources();
        const upstream* const to = find_upstream(*present, source);
        if (to == nullptr) {
            co_return gateway::no_such_source(source);
        }
        if (!valid_request_id(request_id)) {
            co_return gateway::no_such_request_id();
        }
        std::string path = "/api/open/v1/video/generations/" + request_id + "/cancel";
        auto answer = co_await ask(*to, "POST", std::move(path));
        note_command note;
        note.source = source;
        note.request_id = request_id;
        note.kind = "cancel";
        note.detail = "asked of upstream, which answered " +
                      (answer ? std::to_string(answer->status) : "nothing: " + shown(*to, answer.error()));
        note.now = with_.time.now();
        const auto noted = co_await with_.tasks.note(std::move(note));
        if (!noted) {
            log::warning("cancellation not noted",
                         {{"source", source}, {"request_id", request_id}, {"reason", noted.error().message}});
        }
        co_return answer_of(answer, *to);
    }

    awaitable<upstream_answer> models(std::string source) override {
        const call_in_hand counted(in_hand_);
        const auto present = with_.sources();
        const upstream* const to = find_upstream(*present, source);
        if (to == nullptr) {
            co_return gateway::no_such_source(source);
        }
        auto answer = co_await ask(*to, "GET", "/api/open/v1/models");
        co_return answer_of(answer, *to);
    }

    std::size_t in_hand() const noexcept override { return in_hand_; }

private:
    static std::string shown(const upstream& of, const error& why) { return of.address.shown(why.message, 512); }

    static upstream_answer answer_of(const result<http::client_response>& answer, const upstream& from) {
        return answer ? gateway::passed_on(*answer, from)
                      : gateway::no_answer(answer.error().code, shown(from, answer.error()));
    }

    awaitable<result<http::client_response>> ask(const upstream& of, std::string method, std::string path) {
        http::client_request what = of.address.request(std::move(method), path);
        what.fields.emplace_back("Accept", "application/json");
        auto answer = co_await with_.client.send(std::move(what));
        co_return answer;
    }

    awaitable<upstream_answer> send(submission& one) {
        witness over(with_.client);
        const auto api = seedance::make_api(over, one.to.address, with_.time);
        one.sent_at = with_.time.now();
        auto taken = co_await api->submit(one.document.body);
        if (over.seen) {
            one.answer = std::move(*over.seen);
        }
        if (taken) {
            auto tracked = co_await track(one, taken->request_id);
            co_return tracked;
        }
        std::string lost = why_lost(taken.error());
        co_await end(one, std::move(lost));
        if (!taken.error().task_may_exist) {
            co_return answer_of(one.answer, one.to);
        }
        const bool says_it_itself = one.answer && one.answer->status >= 500;
        co_return says_it_itself
            ? gateway::passed_on(*one.answer, one.to)
            : gateway::no_answer(one.answer ? errc::protocol : one.answer.error().code, taken.error().message);
    }

    // Empty when nothing is lost: no task was made.
    static std::string why_lost(const seedance::api_failure& f) {
        const bool told_to_stop = f.what == seedance::api_failure::kind::cancelled;
        return !f.task_may_exist ? std::string() : told_to_stop ? std::string(never_answered) : f.message;
    }

    // A note that cannot be taken away now is told of at the next start.
    awaitable<> end(const submission& one, std::string lost) {
        if (!lost.empty()) {
            log::warning("submission lost",
                         {{"source", one.to.name}, {"what", one.document.what}, {"by", one.by}, {"reason", lost}});
        }
        end_submission_command what;
        what.intent = one.intent;
        what.lost = std::move(lost);
        what.now = with_.time.now();
        const auto ended = co_await with_.tasks.end_submission(std::move(what));
        if (!ended) {
            log::warning("submission not ended", {{"source", one.to.name}, {"reason", ended.error().message}});
        }
    }

    awaitable<upstream_answer> track(const submission& one, std::string request_id) {
        auto what = command_for(one, request_id);
        const auto tracked = co_await keep_tracking(std::move(what));
        if (!tracked) {
            log::error("task that upstream has taken is not tracked",
                       {{"source", one.to.name}, {"request_id", request_id}, {"reason", tracked.error().message}});
            if (with_.later != nullptr) {
                auto owed = command_for(one, request_id);
                with_.later->spawn(track_later(std::move(owed)), "late tracking");
            }
            co_return gateway::refusal(503, "unavailable",
                                       "upstream has taken the task as " + request_id +
                                           ", but seedhook could not note it yet: do not submit it again, track it");
        }
        log::info("task submitted", {{"source", one.to.name}, {"request_id", request_id}, {"by", one.by}});
        upstream_answer answer = gateway::passed_on(*one.answer, one.to);
        answer.request_id = std::move(request_id);
        co_return answer;
    }

    track_command command_for(const submission& one, const std::string& request_id) const {
        track_command what;
        what.source = one.to.name;
        tracked_task& task = what.tasks.emplace_back();
        task.request_id = request_id;
        task.model = one.document.model;
        task.metadata = one.document.metadata;
        what.by = one.by;
        what.submitted_at = one.sent_at;
        if (one.answer->body.size() <= most_kept_of_answer) {
            what.body = gateway::masked(one.answer->body, one.to.key);
        }
        what.intent = one.intent;
        what.now = with_.time.now();
        what.called_back = one.document.called_back;
        what.ask_at = with_.ask_at(what.source, task.model, what.now, what.called_back);
        what.routes = with_.routes();
        return what;
    }

    // Upstream has taken the task: the store may be away for a moment.
    awaitable<result<void>> keep_tracking(track_command what) {
        const auto until = std::chrono::steady_clock::now() + with_.keep_trying;
        for (duration wait = first_wait;; wait = std::min(2 * wait, longest_wait)) {
            const auto tracked = co_await with_.tasks.track(what);
            if (tracked) {
                co_return result<void>();
            }
            if (std::chrono::steady_clock::now() + wait >= until) {
                co_return tracked.error();
            }
            const bool slept = co_await sleep_for(wait);
            if (!slept) {
                co_return tracked.error();
            }
        }
    }

    // For as long as it takes: an app that heard of the fault rarely does.
    awaitable<> track_later(track_command what) {
        duration wait = first_wait;
        for (bool goes_on = true; goes_on; wait = std::min(2 * wait, longest_wait)) {
            goes_on = co_await sleep_for(wait);
            what.routes = with_.routes();
            const auto tracked = co_await with_.tasks.track(what);
            if (tracked) {
                log::info("task submitted",
                          {{"source", what.source}, {"request_id", what.tasks.front().request_id}, {"by", what.by}});
                co_return;
            }
        }
    }

    front_desk_context with_;
    std::size_t in_hand_ = 0;
};

} // namespace

std::unique_ptr<front_desk> make_front_desk(front_desk_context with) {
    return std::make_unique<upstream_desk>(std::move(with));
}

awaitable<result<void>> tell_lost_submissions(store& tasks, const clock& time) {
    const auto open = co_await tasks.open_submissions();
    if (!open) {
        co_return open.error();
    }
    for (const open_submission& one : *open) {
        if (!one.lost.empty()) {
            continue;
        }
        log::warning("submission lost", {{"source", one.source}, {"what", one.what}, {"reason", left_open}});
        end_submission_command what;
        what.intent = one.intent;
        what.lost = left_open;
        what.now = time.now();
        const auto ended = co_await tasks.end_submission(std::move(what));
        if (!ended) {
            co_return ended.error();
        }
    }
    co_return result<void>();
}

} // namespace seedhook
