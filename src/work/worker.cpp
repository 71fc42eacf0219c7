// The loop that claims jobs, and the life of a job in hand.
#include "seedhook/work/worker.hpp"

#include "seedhook/async/task_group.hpp"
#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <atomic>
#include <list>
#include <random>
#include <utility>

namespace seedhook {
namespace {

// Looked at again at least this often, whatever the clock says meanwhile.
constexpr duration longest_rest = std::chrono::seconds(30);
constexpr duration store_pause = std::chrono::milliseconds(500);
// The wall clock has jumped back when it lost more than this against the steady one. Then, and at every start, no job
// may be due later than the latest time that anything is put off to.
constexpr duration least_jump = std::chrono::seconds(30);
constexpr duration longest_put_off = std::chrono::hours(8 * 24);
constexpr duration put_off_after_jump = std::chrono::minutes(10);
// Woken from outside it looks no more often than this.
constexpr duration look_interval = std::chrono::milliseconds(5);

struct running_lane {
    explicit running_lane(lane l, std::shared_ptr<std::uint32_t> count) : is(std::move(l)), in_hand(std::move(count)) {}

    lane is;
    std::shared_ptr<std::uint32_t> in_hand; // shared with the lane's successors after a reload
};

// A job whose handler runs. The handler is asked to end through `stop`, more than once if need be: what runs in a
// parallel_group would hear only the first time.
struct job_in_hand {
    explicit job_in_hand(claimed_job c) : claimed(std::move(c)) {}

    claimed_job claimed;
    asio::cancellation_signal stop;
};

class job_worker final : public worker {
public:
    job_worker(asio::any_io_executor executor, store& jobs, const clock& time, worker_settings settings,
               work_observer observer)
        : executor_(executor), store_(jobs), clock_(time), settings_(std::move(settings)),
          observer_(std::move(observer)), alarm_(executor), next_alarm_(executor), jobs_(executor), keeper_(executor) {}

    awaitable<> run() override {
        co_await free_earlier_life();
        bool asked_to_stop = co_await cancelled();
        if (!asked_to_stop) { // else drain() may be over, and nobody would end the keeper
            keeper_.spawn(keep_leases(), "lease keeper");
        }
        while (!asked_to_stop) {
            woken_ = false;
            co_await mind_the_clock();
            const duration rest = co_await claim();
            asked_to_stop = co_await cancelled();
            if (!asked_to_stop) {
                co_await rest_for(rest);
                asked_to_stop = co_await cancelled();
            }
        }
    }

    void set_lanes(std::vector<lane> lanes, std::shared_ptr<const routing> routes) override {
        std::vector<std::shared_ptr<running_lane>> next;
        for (lane& l : lanes) {
            const auto old = lane_of(l.kind, l.sink);
            auto count = old ? old->in_hand : std::make_shared<std::uint32_t>(0);
            next.push_back(std::make_shared<running_lane>(std::move(l), std::move(count)));
        }
        lanes_ = std::move(next);
        routes_ = std::move(routes);
        wake_here();
    }

    awaitable<> drain(duration grace) override {
        co_await with_time_limit(ended(), grace, "jobs in hand");
        interrupt(asio::cancellation_type::total);
        co_await with_time_limit(ended(), std::chrono::seconds(2), "jobs interrupted");
        interrupt(asio::cancellation_type::terminal);
        co_await jobs_.drained();
        keeper_.cancel(asio::cancellation_type::terminal);
        co_await keeper_.drained();
    }

    void wake() noexcept override {
        if (!wake_posted_.exchange(true)) {
            // A commit's wake-up may still be on its way when we are gone.
            asio::post(executor_, [self = std::weak_ptr(self_)] {
                if (const auto there = self.lock()) {
                    (*there)->look_soon();
                }
            });
        }
    }

private:
    awaitable<> free_earlier_life() {
        for (bool goes_on = true; goes_on;) {
            release_command what;
            what.owner = settings_.owner;
            what.now = clock_.now();
            const result<release_reply> freed = co_await store_.release(std::move(what));
            if (freed) {
                if (freed->released > 0) {
                    log::info("jobs of an earlier life resumed",
                              {{"jobs", static_cast<std::int64_t>(freed->released)}});
                }
                co_return;
            }
            goes_on = co_await sleep_for(store_pause);
        }
    }

    // Nothing waits for a time that the clock has jumped back from.
    awaitable<> mind_the_clock() {
        const duration ahead = clock_.now().time_since_epoch() -
                               std::chrono::floor<duration>(std::chrono::steady_clock::now().time_since_epoch());
        const bool jumped = clock_ahead_ && ahead < *clock_ahead_ - least_jump;
        if (clock_ahead_ && !jumped) {
            clock_ahead_ = ahead;
            co_return;
        }
        pull_in_command what;
        for (const auto& l : lanes_) {
            lane_demand& lane = what.lanes.emplace_back();
            lane.kind = l->is.kind;
            lane.sink = l->is.sink;
        }
        what.now = clock_.now();
        what.latest = what.now + (jumped ? put_off_after_jump : longest_put_off);
        const result<pull_in_reply> pulled = co_await store_.pull_in(std::move(what));
        if (!pulled) {
            co_return; // tried again at the next look
        }
        if (pulled->pulled > 0) {
            log::warning("the clock has jumped back; jobs put off past that are due now",
                         {{"jobs", static_cast<std::int64_t>(pulled->pulled)}});
        }
        clock_ahead_ = ahead;
    }

    // A claim that failed may stand all the same, and nobody would run what it took until its leases end.
    awaitable<> free_doubtful() {
        release_command what;
        what.owner = settings_.owner;
        what.now = clock_.now();
        for (const job_in_hand& j : in_hand_) {
            what.but.emplace_back(j.claimed.work.key, j.claimed.work.token);
        }
        const result<release_reply> freed = co_await store_.release(std::move(what));
        doubtful_ = !freed;
    }

    // Claims what there is room for. Says how long to rest unless woken.
    awaitable<duration> claim() {
        claim_command what;
        for (const auto& l : lanes_) {
            if (*l->in_hand < l->is.concurrency && !(l->is.waits && l->is.waits())) {
                lane_demand& demand = what.lanes.emplace_back();
                demand.kind = l->is.kind;
                demand.sink = l->is.sink;
                demand.room = l->is.concurrency - *l->in_hand;
            }
        }
        if (what.lanes.empty()) {
            co_return longest_rest;
        }
        if (doubtful_) {
            co_await free_doubtful();
        }
        if (doubtful_) {
            co_return store_pause;
        }
        what.owner = settings_.owner;
        what.now = clock_.now();
        what.lease = settings_.lease;
        result<claim_reply> reply = co_await store_.claim(std::move(what));
        if (!reply) {
            doubtful_ = true;
            co_return store_pause;
        }
        for (claimed_job& claimed : reply->jobs) {
            start(std::move(claimed));
        }
        if (!reply->next_due) {
            co_return longest_rest;
        }
        co_return std::clamp(*reply->next_due - clock_.now(), duration(0), longest_rest);
    }

    awaitable<> rest_for(duration d) {
        if (woken_) {
            co_return;
        }
        alarm_.expires_after(d);
        boost::system::error_code ignored;
        co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    // Under load every commit wakes us, hundreds of times a second: each time to claim would cost the callbacks more
    // than it gains the jobs.
    void look_soon() {
        const auto now = std::chrono::steady_clock::now();
        if (now >= next_look_) {
            next_look_ = now + look_interval;
            wake_posted_ = false;
            wake_here();
            return;
        }
        next_alarm_.expires_at(next_look_);
        next_alarm_.async_wait([this](const boost::system::error_code& failure) {
            if (!failure) {
                look_soon();
            }
        });
    }

    void wake_here() {
        woken_ = true;
        alarm_.cancel();
    }

    std::shared_ptr<running_lane> lane_of(job_kind kind, const std::string& sink) const {
        for (const auto& l : lanes_) {
            if (l->is.kind == kind && l->is.sink == sink) {
                return l;
            }
        }
        return nullptr;
    }

    void interrupt(asio::cancellation_type how) {
        for (auto next = in_hand_.begin(); next != in_hand_.end();) {
            const auto present = next++; // one that ends at once leaves the list
            present->stop.emit(how);
        }
        jobs_.cancel(how);
    }

    void start(claimed_job claimed) {
        // A lease of ours that lapsed while its job ran (the store was away, the clock jumped): the run goes on under
        // the new one.
        bool made_anew = false;
        for (job_in_hand& j : in_hand_) {
            if (j.claimed.work.key != claimed.work.key) {
                continue;
            }
            if (claimed.work.attempts == j.claimed.work.attempts + 1) {
                j.claimed.work.token = claimed.work.token;
                j.claimed.work.attempts = claimed.work.attempts;
                return;
            }
            made_anew = true; // another job of that name: what this run would say is no word about it
            j.stop.emit(asio::cancellation_type::terminal);
        }
        // Lanes may have been replaced while the claim was under way: then the job goes back.
        auto on = made_anew ? nullptr : lane_of(claimed.work.key.kind, claimed.work.key.sink);
        if (on) {
            ++*on->in_hand;
        }
        in_hand_.emplace_back(std::move(claimed));
        jobs_.spawn(live(std::prev(in_hand_.end()), std::move(on)), "job");
    }

    awaitable<> live(std::list<job_in_hand>::iterator self, std::shared_ptr<running_lane> on) {
        const claimed_job& claimed = self->claimed;
        outcome came_to = interrupted();
        const auto began = std::chrono::steady_clock::now();
        if (on) {
            came_to = co_await attempt(*on->is.runs, *self);
        }
        const auto took = std::chrono::steady_clock::now() - began;
        const retry_policy policy = on ? on->is.retry : retry_policy();
        const next_step step = step_after(claimed.work, came_to, clock_.now(), policy, jitter_(random_));
        co_await record(claimed, came_to, step, took);
        in_hand_.erase(self);
        if (on) {
            --*on->in_hand;
        }
        wake_here();
    }

    awaitable<outcome> attempt(handler& runs, job_in_hand& work) {
        return asio::co_spawn(executor_, hearing_cancellation(runs.run(work.claimed)),
                              asio::bind_cancellation_slot(work.stop.slot(), asio::use_awaitable));
    }

    // Records the step, for as long as the store takes to be mended; gives up only when told to stop.
    awaitable<> record(const claimed_job& claimed, const outcome& came_to, const next_step& step,
                       std::chrono::steady_clock::duration took) {
        for (;;) {
            const std::uint64_t token = claimed.work.token;
            finish_command what;
            what.key = claimed.work.key;
            what.token = token;
            what.state = step.state;
            what.due_at = step.due_at;
            what.counts = step.counts;
            what.note = step.note;
            what.waited = step.waited;
            if (const done* d = std::get_if<done>(&came_to)) {
                what.video = d->video;
            }
            what.now = clock_.now();
            what.routes = routes_;
            const result<finish_reply> reply = co_await store_.finish(std::move(what));
            if (reply && !reply->accepted && claimed.work.token != token) {
                continue; // our lease had lapsed, and a claim of ours that went before has taken the job anew
            }
            if (reply) {
                if (reply->accepted && observer_.finished) {
                    const attempt_report ended{claimed, came_to, step, reply->stage, took};
                    observer_.finished(ended);
                }
                co_return;
            }
            const bool goes_on = co_await sleep_for(store_pause);
            if (!goes_on) {
                co_return;
            }
        }
    }

    awaitable<> keep_leases() {
        for (;;) {
            const bool goes_on = co_await sleep_for(settings_.lease / 3);
            if (!goes_on) {
                co_return;
            }
            if (in_hand_.empty()) {
                continue;
            }
            renew_command what;
            for (const job_in_hand& j : in_hand_) {
                what.held.emplace_back(j.claimed.work.key, j.claimed.work.token);
            }
            what.until = clock_.now() + settings_.lease;
            const auto held = what.held;
            const result<renew_reply> reply = co_await store_.renew(std::move(what));
            for (std::size_t i = 0; reply && i < held.size(); ++i) {
                if (!reply->renewed[i]) {
                    lose(held[i]);
                }
            }
        }
    }

    // Another node has the job now: what we still do for it would be done twice.
    void lose(const std::pair<job_key, std::uint64_t>& lease) {
        for (auto next = in_hand_.begin(); next != in_hand_.end();) {
            job_in_hand& j = *next++; // one that ends at once leaves the list
            if (j.claimed.work.key == lease.first && j.claimed.work.token == lease.second) {
                if (j.claimed.work.key.kind != job_kind::poll) { // a poll's goes when a callback settles the task
                    log::warning("lease lost", {{"source", j.claimed.of.source},
                                                {"request_id", j.claimed.of.request_id},
                                                {"kind", to_string(j.claimed.work.key.kind)},
                                                {"sink", j.claimed.work.key.sink}});
                }
                j.stop.emit(asio::cancellation_type::terminal);
            }
        }
    }

    awaitable<result<bool>> ended() {
        co_await jobs_.drained();
        co_return true;
    }

    std::shared_ptr<job_worker*> self_ = std::make_shared<job_worker*>(this);
    asio::any_io_executor executor_;
    store& store_;
    const clock& clock_;
    const worker_settings settings_;
    const work_observer observer_;

    std::vector<std::shared_ptr<running_lane>> lanes_;
    std::shared_ptr<const routing> routes_ = std::make_shared<routing>();
    std::list<job_in_hand> in_hand_;
    asio::steady_timer alarm_;
    bool woken_ = false;
    bool doubtful_ = false;               // a claim has failed
    std::optional<duration> clock_ahead_; // the wall clock over the steady one, when last looked at
    asio::steady_timer next_alarm_;       // at next_look_, while a wake-up is put off
    std::chrono::steady_clock::time_point next_look_{};
    std::atomic<bool> wake_posted_{false}; // until the look that it asked for
    std::minstd_rand random_{std::random_device{}()};
    std::uniform_real_distribution<double> jitter_{0.0, 1.0};
    task_group jobs_;
    task_group keeper_;
};

} // namespace

std::unique_ptr<worker> make_worker(asio::any_io_executor executor, store& jobs, const clock& time,
                                    worker_settings settings, work_observer observer) {
    return std::make_unique<job_worker>(executor, jobs, time, std::move(settings), std::move(observer));
}

} // namespace seedhook
