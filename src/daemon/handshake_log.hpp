// Tells of failed handshakes: each is counted, and some stand for the others in the log, since on an open port they
// never end.
#pragma once

#include "seedhook/metrics/metrics.hpp"
#include "seedhook/tls/handshake.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

namespace seedhook {

// Any thread.
class handshake_log {
public:
    explicit handshake_log(metrics& counts) : counts_(counts) {}

    // One line a minute for each reason, with how many it stands for. Clients that only went away are for debugging.
    void tell(std::string_view peer, const tls::handshake_failure& what);

private:
    struct quiet {
        std::chrono::steady_clock::time_point until{};
        std::int64_t untold = 0;
    };

    metrics& counts_;
    std::mutex guard_;
    std::map<tls::handshake_fault, quiet> reasons_;
};

} // namespace seedhook
