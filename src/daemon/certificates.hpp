// The certificates of all listeners: kept as their files are, judged, and what goes wrong with them told.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/tls/server_identity.hpp"

#include <memory>
#include <string>
#include <vector>

namespace seedhook {

// All members on one thread. `disk` and `counts` must outlive it and the identities.
class certificates {
public:
    certificates(blocking_pool& disk, metrics& counts) : disk_(disk), counts_(counts) {}

    // Counts and tells of its handshakes that fail from now on. Before the identity's listener takes connections.
    void add(std::shared_ptr<tls::server_identity> of);

    // Looks at the files every two seconds, and reads those that have changed, until cancelled.
    awaitable<> watch();

    // Reads all files now. Those that cannot be used are told of; what was there stays.
    awaitable<> reload();

    // What a person should mend, as sentences.
    std::vector<std::string> degraded(time_point now) const;

    void refresh_gauges(time_point now) const;

private:
    blocking_pool& disk_;
    metrics& counts_;
    std::vector<std::shared_ptr<tls::server_identity>> identities_;
};

// `ends in 3 days, on 2026-11-30`
std::string end_text(const tls::certificate_facts& of, time_point now);

// What is wrong with a certificate's time, as the end of a sentence: `ends in 3 days, on 2026-11-30: renew it`. Empty:
// nothing.
std::string trouble_with(const tls::certificate_facts& of, time_point now);

} // namespace seedhook
