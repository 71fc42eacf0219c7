// How long a claim takes over a store file, at the pace at which polls fall due.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace seedhook::bench {

struct claims_told {
    std::vector<std::uint32_t> claim_us;  // each in a commit of its own
    std::vector<std::uint32_t> finish_us; // of all jobs of a claim, in one commit
    std::size_t jobs = 0;
};

// Claims `count` times in the lanes of a daemon with one sink, on a clock that moves on by `step` each time from
// `begin_in` on, and finishes what was claimed: asked again in one to ten minutes. Checkpoints run beside it as in the
// daemon. Throws std::runtime_error.
claims_told time_claims(const std::string& path, std::size_t count, std::chrono::milliseconds step,
                        std::chrono::seconds begin_in);

} // namespace seedhook::bench
