#include "claims.hpp"

#include "filling.hpp"

#include "seedhook/store/database.hpp"
#include "seedhook/store/store.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

namespace seedhook::bench {
namespace {

// Asks for checkpoints as often as the store does.
class keeper {
public:
    explicit keeper(database& of) : thread_([this, &of] { keep(of); }) {}
    ~keeper() {
        {
            const std::lock_guard guard(mutex_);
            ended_ = true;
        }
        rest_.notify_all();
        thread_.join();
    }
    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;

private:
    void keep(database& of) {
        std::unique_lock lock(mutex_);
        while (!rest_.wait_for(lock, store_settings().maintain_every, [this] { return ended_; })) {
            lock.unlock();
            // Best effort, as in the store.
            static_cast<void>(of.maintain());
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable rest_;
    bool ended_ = false;
    std::thread thread_;
};

std::vector<reply> timed(database& store, std::vector<command> commands, std::vector<std::uint32_t>& into) {
    const auto began = std::chrono::steady_clock::now();
    auto replies = store.apply(commands);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    if (!replies) {
        throw std::runtime_error(replies.error().message);
    }
    into.push_back(static_cast<std::uint32_t>(took.count()));
    return std::move(*replies);
}

lane_demand lane(job_kind kind, std::string sink, std::uint32_t room) {
    lane_demand demand;
    demand.kind = kind;
    demand.sink = std::move(sink);
    demand.room = room;
    return demand;
}

claim_command claim_at(time_point now) {
    claim_command what;
    what.lanes = {lane(job_kind::fetch, "", 8), lane(job_kind::deliver, "library", 4),
                  lane(job_kind::poll, source_name, 8)};
    what.owner = "bench";
    what.now = now;
    what.lease = std::chrono::minutes(5);
    return what;
}

finish_command not_yet(const job& asked, time_point now, duration pause) {
    finish_command what;
    what.key = asked.key;
    what.token = asked.token;
    what.state = job_state::pending;
    what.due_at = now + pause;
    what.waited = asked.waited + pause;
    what.now = now;
    what.routes = std::make_shared<const routing>();
    return what;
}

} // namespace

claims_told time_claims(const std::string& path, std::size_t count, std::chrono::milliseconds step,
                        std::chrono::seconds begin_in) {
    auto opened = open_sqlite({path});
    if (!opened) {
        throw std::runtime_error(opened.error().message);
    }
    database& store = **opened;
    const keeper beside(store);
    std::mt19937_64 random(2);
    std::uniform_int_distribution<std::int64_t> pause(60'000, 600'000);
    claims_told told;
    time_point now = std::chrono::floor<duration>(std::chrono::system_clock::now()) + begin_in;
    for (std::size_t i = 0; i < count; ++i, now += step) {
        const auto replies = timed(store, {claim_at(now)}, told.claim_us);
        std::vector<command> finishes;
        for (const claimed_job& claimed : std::get<claim_reply>(replies.front()).jobs) {
            finishes.push_back(not_yet(claimed.work, now, duration(pause(random))));
        }
        if (!finishes.empty()) {
            told.jobs += finishes.size();
            timed(store, std::move(finishes), told.finish_us);
        }
    }
    return told;
}

} // namespace seedhook::bench
