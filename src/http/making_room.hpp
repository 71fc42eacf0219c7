// Whose connection is closed for a newcomer's when all places are taken. A pure function.
#pragma once

#include "seedhook/model/time.hpp"

#include <optional>

namespace seedhook::http {

// What a connection is at.
enum class standing {
    busy,     // its request is being handled: somebody waits for the answer
    idle,     // between requests
    arriving, // has not sent its first request's head yet, or a part of a later one's
    stalled,  // its peer is to send the rest of a body, to read an answer, or to go
};

// How long the longest of each has been at it.
struct longest_waits {
    std::optional<duration> idle;
    std::optional<duration> arriving;
    std::optional<duration> stalled;
};

// An honest peer arrives, and sends and reads what is small, within a few round trips: of those who take much longer
// the slowest goes. Else the connection that was idle longest, which HTTP lets us close at any time. Else the slowest
// that had time for a round trip or two, or a flood of newcomers could keep all others waiting. Nothing: the
// newcomer waits, as those who are there may be as honest.
std::optional<standing> whom_to_drop(const longest_waits& waits) noexcept;

} // namespace seedhook::http
