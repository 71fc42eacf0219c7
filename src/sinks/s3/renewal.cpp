// One fetch at a time, whose outcome all who wait for it share.
#include "sinks/s3/renewal.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace seedhook::s3 {
namespace {

constexpr duration renew_before{std::chrono::minutes(15)};
constexpr duration between_renewals{std::chrono::minutes(1)}; // while what we have still serves

struct fetching {
    explicit fetching(const asio::any_io_executor& executor) : ended(executor, asio::steady_timer::time_point::max()) {}

    asio::steady_timer ended;
    std::optional<result<credentials>> outcome; // none: whoever fetched was told to stop
};

class renewed_source final : public credential_source {
public:
    renewed_source(std::unique_ptr<metadata_service> from, const clock& time) : from_(std::move(from)), time_(time) {}

    awaitable<result<credentials>> get() override {
        co_await asio::this_coro::throw_if_cancelled(false);
        for (;;) {
            const time_point now = time_.now();
            if (serves(now) && (under_way_ || now < renew_at_)) {
                co_return *kept_;
            }
            if (!under_way_) {
                co_return co_await fetch();
            }
            const auto by_another = under_way_;
            boost::system::error_code ignored;
            bool stop = co_await cancelled();
            if (!stop) {
                co_await by_another->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                stop = co_await cancelled();
            }
            if (stop) {
                co_return error(errc::cancelled, "asked to stop while waiting for credentials");
            }
            if (by_another->outcome) {
                co_return *by_another->outcome;
            }
        }
    }

    void forget() override { kept_.reset(); }

private:
    bool serves(time_point now) const noexcept { return kept_ && (!kept_->expires_at || now < *kept_->expires_at); }

    awaitable<result<credentials>> fetch() {
        const auto executor = co_await asio::this_coro::executor;
        const auto mine = std::make_shared<fetching>(executor);
        under_way_ = mine;
        auto fetched = co_await from_->fetch();
        under_way_.reset();
        if (fetched || fetched.error().code != errc::cancelled) {
            fetched = settled(std::move(fetched), time_.now());
            mine->outcome = fetched;
        }
        mine->ended.cancel();
        co_return fetched;
    }

    // What all who asked are told.
    result<credentials> settled(result<credentials> fetched, time_point now) {
        if (fetched && fetched->expires_at && *fetched->expires_at <= now) {
            fetched =
                error(errc::unauthorized, "the metadata service handed out credentials that expired at " +
                                              to_rfc3339(*fetched->expires_at) + "; is this machine's clock right?");
        }
        if (fetched) {
            kept_ = *fetched;
        } else if (!serves(now)) {
            return fetched;
        }
        renew_at_ =
            kept_->expires_at ? std::max(*kept_->expires_at - renew_before, now + between_renewals) : time_point::max();
        return *kept_;
    }

    std::unique_ptr<metadata_service> from_;
    const clock& time_;
    std::optional<credentials> kept_;
    time_point renew_at_{};
    std::shared_ptr<fetching> under_way_;
};

} // namespace

std::unique_ptr<credential_source> make_renewed_source(std::unique_ptr<metadata_service> from, const clock& time) {
    return std::make_unique<renewed_source>(std::move(from), time);
}

} // namespace seedhook::s3
