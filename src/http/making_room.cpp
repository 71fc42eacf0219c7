// The choice of a connection to close.
#include "http/making_room.hpp"

#include <algorithm>
#include <chrono>

namespace seedhook::http {
namespace {

constexpr duration suspiciously_slow = std::chrono::seconds(2);
constexpr duration least_time = std::chrono::milliseconds(250);

} // namespace

std::optional<standing> whom_to_drop(const longest_waits& waits) noexcept {
    const duration arriving = waits.arriving.value_or(duration(0));
    const duration stalled = waits.stalled.value_or(duration(0));
    const duration slowest = std::max(arriving, stalled);
    if (slowest < suspiciously_slow && waits.idle) {
        return standing::idle;
    }
    if (slowest < least_time) {
        return std::nullopt;
    }
    return arriving >= stalled ? standing::arriving : standing::stalled;
}

} // namespace seedhook::http
