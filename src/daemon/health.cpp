// The reasons behind /readyz.
#include "daemon/health.hpp"

#include "daemon/store_pulse.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/seldom.hpp"

#include <utility>

namespace seedhook {
namespace {

constexpr duration lost_told_for = std::chrono::hours(24);
constexpr duration between_looks = std::chrono::seconds(5);
constexpr duration patience = std::chrono::seconds(10);            // with a disk that does not answer
constexpr duration patience_with_spool = std::chrono::seconds(15); // it may be busy with whole videos
constexpr duration overdue_to_tell = std::chrono::hours(1);

// The kinds of reasons to be degraded, as the metric names them.
constexpr const char* of_sink = "sink";
constexpr const char* of_fetching = "fetch";
constexpr const char* of_api = "api";
constexpr const char* of_configuration = "configuration";
constexpr const char* of_submission = "submission";
constexpr const char* of_certificate = "certificate";

const char* kind_of(job_kind blocked) {
    switch (blocked) {
    case job_kind::poll:
        return of_api;
    case job_kind::fetch:
        return of_fetching;
    case job_kind::deliver:
        break;
    }
    return of_sink;
}

} // namespace

awaitable<> health::watch() {
    // A co_await in the loop's condition instead, with no local variable beside it, crashes under GCC 12.2: it lays out
    // the frame wrongly.
    for (bool goes_on = true; goes_on;) {
        co_await look();
        log::tell_suppressed();
        goes_on = co_await sleep_for(between_looks);
    }
}

awaitable<> health::watch_spool() {
    for (bool goes_on = true; goes_on;) {
        spool_asked_ = steady_now();
        co_await look_at_spool();
        spool_asked_.reset();
        goes_on = co_await sleep_for(between_looks);
    }
}

awaitable<> health::watch_store(const bool& closing) {
    for (bool goes_on = true; goes_on;) {
        if (steady_now() - last_commit_.load() > between_looks) {
            store_asked_ = steady_now();
            auto answered = [] {};
            co_await ask_store(tasks_, closing, std::move(answered));
            store_asked_.reset();
        }
        goes_on = co_await sleep_for(between_looks);
    }
}

// A queue that stays full while there are commits is only busy.
bool health::store_stands_still() const {
    const steady_time long_ago = steady_now() - patience;
    return store_asked_ && *store_asked_ < long_ago && last_commit_.load() < long_ago;
}

bool health::spool_stands_still() const { return spool_asked_ && *spool_asked_ < steady_now() - patience_with_spool; }

awaitable<> health::look() {
    const result<store_counts> counts = co_await tasks_.counts(time_.now());
    if (counts) {
        judge(*counts);
    }
    const result<std::vector<open_submission>> submissions = co_await tasks_.open_submissions();
    if (submissions) {
        judge(*submissions);
    }
}

awaitable<> health::look_at_spool() {
    const bool waited = fetching_waits();
    auto probe = [this] { return videos_.probe(); };
    const result<void> probed = co_await disk_.run(std::move(probe));
    auto seek = [this] { return std::pair(videos_.room(), videos_.room_for(1)); };
    const std::pair<std::uint64_t, result<void>> room = co_await disk_.run(std::move(seek));
    spool_failure_ = probed ? std::string() : probed.error().message;
    spool_room_ = room.first;
    no_room_ = room.second ? std::string() : room.second.error().message;
    if (waited && !fetching_waits()) {
        room_again_();
    }
}

// For a day after it happened.
void health::judge(const std::vector<open_submission>& submissions) {
    std::size_t lost = 0;
    const open_submission* last = nullptr;
    for (const open_submission& s : submissions) {
        if (!s.lost.empty() && s.at > time_.now() - lost_told_for) {
            ++lost;
            last = &s;
        }
    }
    lost_submissions_.clear();
    if (last) {
        lost_submissions_ = std::to_string(lost) +
                            " submissions without an answer in a day: their tasks may exist "
                            "upstream, unknown to us; the last: source " +
                            last->source + ", " + to_rfc3339(last->at) + ", " + last->what + ": " + last->lost;
    }
}

void health::judge(const store_counts& counts) {
    blocked_.clear();
    for (const job_count& lane : counts.jobs) {
        const std::string name =
            lane.kind == job_kind::deliver ? "sink " + lane.sink : std::string(to_string(lane.kind));
        const bool told = lane.kind == job_kind::fetch && fetching_waits();
        if (lane.blocked > 0 && !told) {
            blocked_.emplace_back(kind_of(lane.kind), name + ": " + lane.blocked_note);
        }
        if (lane.kind == job_kind::poll && !lane.sink.empty()) {
            judge_polls(lane);
        }
        if (lane.kind == job_kind::deliver && !sinks_.contains(lane.sink)) {
            blocked_.emplace_back(of_configuration, name + ": deliveries wait for it, but it is not configured");
        }
    }
}

// Of a source without an API callbacks may still come: only what is overdue is worth a word.
void health::judge_polls(const job_count& lane) {
    const auto source = sources_.find(lane.sink);
    if (source == sources_.end()) {
        blocked_.emplace_back(of_configuration,
                              "source " + lane.sink + ": tasks wait for it, but it is not configured");
    } else if (!source->second && lane.oldest_due && *lane.oldest_due < time_.now() - overdue_to_tell) {
        blocked_.emplace_back(of_configuration,
                              "source " + lane.sink + ": tasks are overdue, and it has no api to ask about them");
    }
}

readiness health::now() const {
    readiness r;
    if (!tasks_.available()) {
        r.not_ready.push_back("the store cannot commit");
    } else if (store_stands_still()) {
        r.not_ready.push_back("the store does not answer");
    }
    if (!listening_) {
        r.not_ready.push_back("not listening");
    }
    if (spool_stands_still()) {
        r.not_ready.push_back("spool: it does not answer");
    } else if (!spool_failure_.empty()) {
        r.not_ready.push_back("spool: " + spool_failure_);
    }
    r.ready = r.not_ready.empty();
    for (const char* kind : {of_sink, of_fetching, of_api, of_configuration, of_submission, of_certificate}) {
        r.degraded_kinds[kind] = 0;
    }
    const auto add = [&r](const char* kind, std::string why) {
        ++r.degraded_kinds[kind];
        r.degraded.push_back(std::move(why));
    };
    for (const concern& c : blocked_) {
        add(c.kind, c.why);
    }
    if (!no_room_.empty()) {
        add(of_fetching, "fetching waits: " + no_room_);
    }
    for (std::string& why : apis_.degraded()) {
        add(of_api, std::move(why));
    }
    for (std::string& why : certificates_.degraded(time_.now())) {
        add(of_certificate, std::move(why));
    }
    if (!lost_submissions_.empty()) {
        add(of_submission, lost_submissions_);
    }
    if (!reload_failure_.empty()) {
        add(of_configuration, "the configuration could not be reloaded: " + reload_failure_);
    }
    return r;
}

} // namespace seedhook
