// One timer a waiting request; a commit cancels them all.
#include "daemon/change_feed.hpp"

#include "seedhook/async/time_limit.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace seedhook {

awaitable<> commit_feed::next_change(std::uint64_t seen, duration limit) {
    const bool asked_to_stop = co_await cancelled();
    if (asked_to_stop || closed_) {
        co_return;
    }
    const auto self = waiting_.emplace(waiting_.end(), executor_, limit);
    anyone_ = true;
    if (version_ == seen) { // looked at after `anyone_` is set: a commit from now on wakes us
        boost::system::error_code ignored;
        co_await self->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    waiting_.erase(self);
    anyone_ = !waiting_.empty();
}

void commit_feed::notify() noexcept {
    ++version_;
    if (!anyone_ || posted_.exchange(true)) {
        return;
    }
    auto here = [this] { wake(); };
    asio::post(executor_, std::move(here));
}

void commit_feed::close() {
    closed_ = true;
    wake();
}

void commit_feed::wake() {
    posted_ = false;
    for (asio::steady_timer& t : waiting_) {
        t.cancel();
    }
}

} // namespace seedhook
