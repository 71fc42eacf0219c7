// Asking by the way that every callback goes.
#include "daemon/store_pulse.hpp"

#include "seedhook/async/time_limit.hpp"

#include <utility>

namespace seedhook {
namespace {

constexpr duration pause_when_full = std::chrono::seconds(1);

} // namespace

awaitable<> ask_store(store& tasks, const bool& closing, std::function<void()> answer) {
    for (bool goes_on = true; goes_on;) {
        renew_command nothing;
        const auto renewed = co_await tasks.renew(std::move(nothing));
        if (renewed || !tasks.available() || closing) {
            break;
        }
        goes_on = co_await sleep_for(pause_when_full);
    }
    answer();
}

} // namespace seedhook
