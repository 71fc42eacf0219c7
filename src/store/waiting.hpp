// Callers who wait for a commit, and how they are resumed on their own executors.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/store/database.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace seedhook {

// A caller who waits for its command's commit.
class waiting_command {
public:
    explicit waiting_command(command w) : what(std::move(w)) {}
    virtual ~waiting_command() = default;
    virtual asio::any_io_executor executor() const = 0;
    // Resumes the caller, which must be done on its executor. Once.
    virtual void resume(result<reply> reached) = 0;

    command what;
};
using waiting_ptr = std::unique_ptr<waiting_command>;

template <class Handler>
class waiting_handler final : public waiting_command {
public:
    waiting_handler(command w, Handler handler)
        : waiting_command(std::move(w)), handler_(std::move(handler)), alive_(asio::get_associated_executor(handler_)) {
    }

    asio::any_io_executor executor() const override { return alive_.get_executor(); }
    void resume(result<reply> reached) override { std::move(handler_)(std::move(reached)); }

private:
    Handler handler_;
    asio::executor_work_guard<asio::associated_executor_t<Handler>> alive_;
};

// The outcomes of one commit for the callers of one executor: they are resumed one after the other within one
// wake-up of its thread.
class resumption {
public:
    explicit resumption(asio::any_io_executor where) : where_(std::move(where)) {}

    const asio::any_io_executor& where() const noexcept { return where_; }
    void add(waiting_ptr who, result<reply> reached) { callers_.emplace_back(std::move(who), std::move(reached)); }

    void operator()() {
        for (auto& [who, reached] : callers_) {
            who->resume(std::move(reached));
        }
    }

private:
    asio::any_io_executor where_;
    std::vector<std::pair<waiting_ptr, result<reply>>> callers_;
};

// Collects outcomes and sends them all at its end of life.
class resumptions {
public:
    resumptions() = default;
    ~resumptions() {
        for (resumption& r : by_executor_) {
            const asio::any_io_executor where = r.where();
            asio::post(where, std::move(r));
        }
    }
    resumptions(const resumptions&) = delete;
    resumptions& operator=(const resumptions&) = delete;

    void add(waiting_ptr who, result<reply> reached) {
        const asio::any_io_executor where = who->executor();
        const auto same = [&](const resumption& r) { return r.where() == where; };
        auto at = std::find_if(by_executor_.begin(), by_executor_.end(), same);
        if (at == by_executor_.end()) {
            at = by_executor_.emplace(at, where);
        }
        at->add(std::move(who), std::move(reached));
    }

private:
    std::vector<resumption> by_executor_; // one for each receiving thread, and one more
};

} // namespace seedhook
