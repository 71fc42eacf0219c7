// Group commit: a writer thread takes all commands that have queued and commits them once. Readers and checkpoints
// have threads of their own.
#include "seedhook/store/store.hpp"

#include "store/waiting.hpp"

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/log/seldom.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace seedhook {
namespace {

// True for what may have made jobs due or changed what a person sees.
bool changes_work(const command& c) {
    return !std::holds_alternative<claim_command>(c) && !std::holds_alternative<renew_command>(c) &&
           !std::holds_alternative<prune_command>(c) && !std::holds_alternative<forget_command>(c) &&
           !std::holds_alternative<remember_command>(c);
}

const settlement* learnt_from(const reply& r) {
    const auto* settled = std::get_if<settle_reply>(&r);
    return settled && settled->learnt ? &*settled->learnt : nullptr;
}

class grouped_store final : public store {
public:
    // Should the system refuse a thread, the destructor ends those that have begun: the other constructor is done.
    grouped_store(std::unique_ptr<database> engine, const store_settings& settings, store_observer observer)
        : grouped_store(std::move(engine), std::move(observer), settings) {
        writer_ = std::thread([this] { write(); });
        keeper_ = std::thread([this] { keep(); });
    }

    ~grouped_store() override { close(); }

    awaitable<result<settle_reply>> settle(settle_command what) override {
        return submit<settle_reply>(std::move(what));
    }
    awaitable<result<claim_reply>> claim(claim_command what) override { return submit<claim_reply>(std::move(what)); }
    awaitable<result<finish_reply>> finish(finish_command what) override {
        return submit<finish_reply>(std::move(what));
    }
    awaitable<result<renew_reply>> renew(renew_command what) override { return submit<renew_reply>(std::move(what)); }
    awaitable<result<release_reply>> release(release_command what) override {
        return submit<release_reply>(std::move(what));
    }
    awaitable<result<pull_in_reply>> pull_in(pull_in_command what) override {
        return submit<pull_in_reply>(std::move(what));
    }
    awaitable<result<redeliver_reply>> redeliver(redeliver_command what) override {
        return submit<redeliver_reply>(std::move(what));
    }
    awaitable<result<hint_reply>> hint(hint_command what) override { return submit<hint_reply>(std::move(what)); }
    awaitable<result<track_reply>> track(track_command what) override { return submit<track_reply>(std::move(what)); }
    awaitable<result<begin_submission_reply>> begin_submission(begin_submission_command what) override {
        return submit<begin_submission_reply>(std::move(what));
    }
    awaitable<result<end_submission_reply>> end_submission(end_submission_command what) override {
        return submit<end_submission_reply>(std::move(what));
    }
    awaitable<result<note_reply>> note(note_command what) override { return submit<note_reply>(std::move(what)); }
    awaitable<result<url_reply>> set_url(url_command what) override { return submit<url_reply>(std::move(what)); }
    awaitable<result<prune_reply>> prune(prune_command what) override { return submit<prune_reply>(std::move(what)); }
    awaitable<result<forget_reply>> forget(forget_command what) override {
        return submit<forget_reply>(std::move(what));
    }
    awaitable<result<remember_reply>> remember(remember_command what) override {
        return submit<remember_reply>(std::move(what));
    }

    awaitable<result<std::vector<task_detail>>> find(std::string source, std::string request_id) override {
        auto query = [this, source = std::move(source), request_id = std::move(request_id)] {
            return reader_->find(source, request_id);
        };
        return reads_.run(std::move(query));
    }
    awaitable<result<task_page>> list(task_query query) override {
        auto run = [this, query = std::move(query)] { return reader_->list(query); };
        return reads_.run(std::move(run));
    }
    awaitable<result<store_counts>> counts(time_point now) override {
        auto query = [this, now] { return reader_->counts(now); };
        return reads_.run(std::move(query));
    }
    awaitable<result<std::vector<told_event>>> events_after(event_id after, std::uint32_t limit) override {
        auto query = [this, after, limit] { return reader_->events_after(after, limit); };
        return reads_.run(std::move(query));
    }
    awaitable<result<event_id>> newest_event() override {
        auto query = [this] { return reader_->newest_event(); };
        return reads_.run(std::move(query));
    }
    awaitable<result<std::vector<task_name>>> tasks_with_files() override {
        auto query = [this] { return reader_->tasks_with_files(); };
        return reads_.run(std::move(query));
    }

    awaitable<result<std::string>> remembered(std::string name) override {
        auto query = [this, name = std::move(name)] { return reader_->remembered(name); };
        return reads_.run(std::move(query));
    }
    awaitable<result<std::vector<open_submission>>> open_submissions() override {
        auto query = [this] { return reader_->open_submissions(); };
        return reads_.run(std::move(query));
    }

    bool available() const noexcept override { return available_; }

    void close() override {
        {
            const std::lock_guard guard(mutex_);
            closing_ = true;
        }
        queued_->notify_all();
        rest_.notify_all();
        if (writer_.joinable()) {
            writer_.join();
        }
        if (keeper_.joinable()) {
            keeper_.join();
        }
        reads_.join();
        reader_.reset();
        engine_.reset();
    }

private:
    grouped_store(std::unique_ptr<database> engine, store_observer observer, const store_settings& settings)
        : engine_(std::move(engine)), settings_(settings), observer_(std::move(observer)),
          reader_(engine_->make_reader()) {}

    template <class Reply, class Command>
    awaitable<result<Reply>> submit(Command what) {
        auto initiate = [this](auto handler, command c) { enqueue(std::move(handler), std::move(c)); };
        command c(std::move(what));
        result<reply> got = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(result<reply>)>(
            std::move(initiate), asio::use_awaitable, std::move(c));
        if (!got) {
            co_return got.error();
        }
        co_return std::get<Reply>(std::move(*got));
    }

    template <class Handler>
    void enqueue(Handler handler, command c) {
        const bool one_of_many = std::holds_alternative<settle_command>(c);
        waiting_ptr waiting = std::make_unique<waiting_handler<Handler>>(std::move(c), std::move(handler));
        const asio::any_io_executor home = waiting->executor();
        std::string_view refused;
        bool wake = false;
        {
            const std::lock_guard guard(mutex_);
            if (closing_) {
                refused = "the store is closed";
            } else if (!available_) {
                refused = "the store is being mended";
            } else if (queue_.size() >= settings_.queue_limit) {
                refused = "the store's queue is full";
            } else {
                queue_.push_back(std::move(waiting));
                wake = std::exchange(asleep_, false);
            }
        }
        if (wake && one_of_many) {
            // Once this thread has run what it has at hand: callbacks that arrive in one go are committed together.
            asio::post(home, [sleeper = queued_] { sleeper->notify_one(); });
        } else if (wake) {
            queued_->notify_one();
        }
        if (!refused.empty()) {
            resumptions().add(std::move(waiting), error(errc::unavailable, std::string(refused)));
        }
    }

    // ---- the writer thread ----

    void write() {
        std::vector<waiting_ptr> batch;
        while (take(batch)) {
            commit(batch);
            batch.clear();
            if (!available_) {
                mend();
            }
        }
    }

    // Waits for commands and moves them into `batch`. False: closing, and none is left.
    bool take(std::vector<waiting_ptr>& batch) {
        std::unique_lock lock(mutex_);
        asleep_ = queue_.empty();
        queued_->wait(lock, [this] { return closing_ || !queue_.empty(); });
        asleep_ = false;
        if (!closing_ && queue_.size() < last_batch_ / 2) {
            // The callers of the last commit are about to come again: without a moment's patience the first of them is
            // committed alone, and the others wait for that.
            lock.unlock();
            std::this_thread::sleep_for(settings_.gather_for);
            lock.lock();
        }
        const std::size_t count = std::min(queue_.size(), settings_.batch_limit);
        std::move(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count), std::back_inserter(batch));
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
        last_batch_ = count;
        return count > 0;
    }

    void commit(std::vector<waiting_ptr>& batch) {
        std::vector<command> commands;
        commands.reserve(batch.size());
        for (const auto& waiting : batch) {
            commands.push_back(std::move(waiting->what));
        }
        const bool news = std::any_of(commands.begin(), commands.end(), changes_work);
        const auto began = std::chrono::steady_clock::now();
        result<std::vector<reply>> replies = engine_->apply(commands);
        if (!replies) {
            fail(replies.error(), batch);
            return;
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        tell_what_is_learnt(*replies);
        {
            resumptions back;
            for (std::size_t i = 0; i < batch.size(); ++i) {
                // Freed where it was made: a thread that frees another's memory contends with it.
                batch[i]->what = std::move(commands[i]);
                back.add(std::move(batch[i]), std::move((*replies)[i]));
            }
        }
        commits_.fetch_add(1, std::memory_order_relaxed);
        if (observer_.committed) {
            observer_.committed(commands.size(), took.count());
        }
        if (observer_.changed && news) {
            observer_.changed();
        }
    }

    void tell_what_is_learnt(const std::vector<reply>& replies) const {
        if (!observer_.learnt) {
            return;
        }
        for (const reply& r : replies) {
            if (const settlement* learnt = learnt_from(r)) {
                observer_.learnt(*learnt);
            }
        }
    }

    // Nothing of the batch is acknowledged, nor anything more until the database is mended.
    void fail(const error& why, std::vector<waiting_ptr>& batch) {
        std::deque<waiting_ptr> behind;
        {
            const std::lock_guard guard(mutex_);
            available_ = false;
            behind.swap(queue_);
        }
        if (observer_.failed) {
            observer_.failed(why);
        }
        std::move(behind.begin(), behind.end(), std::back_inserter(batch));
        resumptions back;
        for (waiting_ptr& waiting : batch) {
            back.add(std::move(waiting), error(errc::unavailable, "the store could not commit"));
        }
    }

    void mend() {
        duration pause(100);
        for (;;) {
            const result<void> mended = engine_->reopen();
            if (!mended && observer_.failed) {
                observer_.failed(mended.error());
            }
            std::unique_lock lock(mutex_);
            if (mended) {
                available_ = true;
                lock.unlock();
                if (observer_.recovered) {
                    observer_.recovered();
                }
                return;
            }
            if (rest_.wait_for(lock, pause, [this] { return closing_; })) {
                return;
            }
            pause = std::min(pause * 2, duration(5000));
        }
    }

    // ---- the keeper thread: checkpoints ----

    void keep() {
        std::optional<std::uint64_t> kept;
        std::unique_lock lock(mutex_);
        do {
            const std::uint64_t commits = commits_.load(std::memory_order_relaxed);
            if (commits == kept || !available_ || closing_) {
                continue;
            }
            lock.unlock();
            const result<void> maintained = engine_->maintain();
            if (!maintained) {
                log::write_seldom(log::level::warning, "store maintenance failed", 1,
                                  {{"reason", std::string_view(maintained.error().message)}});
            } else {
                kept = commits;
            }
            lock.lock();
        } while (!rest_.wait_for(lock, settings_.maintain_every, [this] { return closing_; }));
    }

    std::unique_ptr<database> engine_;
    const store_settings settings_;
    const store_observer observer_;

    std::mutex mutex_; // guards queue_, closing_, asleep_ and the writing of available_
    // Shared with wake-ups that are still on their way when the store is gone.
    std::shared_ptr<std::condition_variable> queued_ = std::make_shared<std::condition_variable>();
    std::condition_variable rest_;
    std::deque<waiting_ptr> queue_;
    bool closing_ = false;
    bool asleep_ = false; // the writer waits for a command, and nobody is about to wake it
    std::atomic<bool> available_{true};
    std::atomic<std::uint64_t> commits_{0};

    std::unique_ptr<database_reader> reader_; // used on the thread of reads_ alone
    blocking_pool reads_{1};
    std::size_t last_batch_ = 0; // used by the writer alone
    std::thread writer_;
    std::thread keeper_;
};

} // namespace

std::unique_ptr<store> make_store(std::unique_ptr<database> engine, store_settings settings, store_observer observer) {
    return std::make_unique<grouped_store>(std::move(engine), settings, std::move(observer));
}

} // namespace seedhook
