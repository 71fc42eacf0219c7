// A short list, searched from its newest end.
#include "http/pool.hpp"

#include <chrono>
#include <utility>

namespace seedhook::http {

connection_pool::connection_pool(asio::any_io_executor executor, std::size_t most, duration longest)
    : most_(most), longest_(longest), timer_(std::make_shared<asio::steady_timer>(std::move(executor))) {}

connection_pool::~connection_pool() { close(); }

client_connection_ptr connection_pool::take(const std::string& key) {
    for (auto one = kept_.begin(); one != kept_.end();) {
        if (one->key != key) {
            ++one;
            continue;
        }
        const client_connection_ptr idle = std::move(one->idle);
        const bool fresh = one->until > std::chrono::steady_clock::now() && idle->is_quiet();
        one = kept_.erase(one);
        if (kept_.empty()) {
            timer_->cancel();
        }
        if (fresh) {
            return idle;
        }
        idle->close();
    }
    return nullptr;
}

void connection_pool::give(std::string key, client_connection_ptr idle) {
    idle->rest();
    if (most_ == 0) {
        idle->close();
        return;
    }
    kept_.push_front({std::move(key), std::move(idle), std::chrono::steady_clock::now() + longest_});
    if (kept_.size() > most_) {
        kept_.back().idle->close();
        kept_.pop_back();
    }
    if (kept_.size() == 1) {
        wait_for_oldest();
    }
}

void connection_pool::close() {
    for (const kept& one : kept_) {
        one.idle->close();
    }
    kept_.clear();
    timer_->cancel();
}

void connection_pool::wait_for_oldest() {
    timer_->expires_at(kept_.back().until);
    timer_->async_wait([this, alive = std::weak_ptr(timer_)](const boost::system::error_code& fault) {
        if (!fault && !alive.expired()) {
            drop_old();
        }
    });
}

void connection_pool::drop_old() {
    const auto now = std::chrono::steady_clock::now();
    while (!kept_.empty() && kept_.back().until <= now) {
        kept_.back().idle->close();
        kept_.pop_back();
    }
    if (!kept_.empty()) {
        wait_for_oldest();
    }
}

} // namespace seedhook::http
