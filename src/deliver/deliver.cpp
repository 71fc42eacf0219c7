// The handler of delivery jobs.
#include "seedhook/deliver/deliver.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace seedhook {
namespace {

class delivery_handler final : public handler {
public:
    delivery_handler(std::shared_ptr<sink> to, const spool& videos, blocking_pool& looks)
        : to_(std::move(to)), videos_(videos), looks_(looks) {}

    awaitable<outcome> run(const claimed_job& work) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        delivery what;
        what.sink = std::string(to_->name());
        what.id = delivery_id(work.of.source, work.of.request_id, what.sink);
        what.attempt = work.work.attempts;
        what.of = work.of;
        if (what.of.status == task_status::succeeded) {
            bool at_hand = false;
            if (what.of.video) {
                auto look = [this, video = *what.of.video] { return videos_.holds(video); };
                at_hand = co_await looks_.run(std::move(look));
            }
            if (!at_hand) {
                co_return again("the video is not in the spool; `seedhook redeliver` fetches it anew");
            }
            what.video = videos_.path_of(what.of.video->name);
        }
        co_return co_await to_->deliver(what);
    }

private:
    std::shared_ptr<sink> to_;
    const spool& videos_;
    blocking_pool& looks_;
};

} // namespace

std::shared_ptr<handler> make_delivery_handler(std::shared_ptr<sink> to, const spool& videos, blocking_pool& looks) {
    return std::make_shared<delivery_handler>(std::move(to), videos, looks);
}

} // namespace seedhook
