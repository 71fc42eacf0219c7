// Counting and thinning out.
#include "daemon/handshake_log.hpp"

#include "seedhook/log/log.hpp"

#include <utility>

namespace seedhook {
namespace {

constexpr std::chrono::minutes between_lines(1);

} // namespace

void handshake_log::tell(std::string_view peer, const tls::handshake_failure& what) {
    const std::string_view reason = tls::to_string(what.fault);
    counts_.handshake_failed(reason);
    const auto now = std::chrono::steady_clock::now();
    std::int64_t untold = 0;
    {
        const std::lock_guard lock(guard_);
        quiet& q = reasons_[what.fault];
        if (now < q.until) {
            ++q.untold;
            return;
        }
        q.until = now + between_lines;
        untold = std::exchange(q.untold, 0);
    }
    const bool went_away = what.fault == tls::handshake_fault::closed || what.fault == tls::handshake_fault::timed_out;
    const auto say = went_away ? log::debug : log::info;
    say("a TLS handshake failed",
        {{"peer", peer}, {"reason", reason}, {"detail", std::string_view(what.reason)}, {"untold_before", untold}});
}

} // namespace seedhook
