// Whether we are ready, and what a person should mend: looked at now and then, so that asking costs nothing.
#pragma once

#include "daemon/certificates.hpp"
#include "daemon/source_apis.hpp"

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/control/control.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/store/store.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace seedhook {

class health {
public:
    health(store& tasks, spool& videos, blocking_pool& disk, const source_apis& apis, const certificates& shown,
           const clock& time)
        : tasks_(tasks), videos_(videos), disk_(disk), apis_(apis), certificates_(shown), time_(time) {}

    // Looks every few seconds until cancelled.
    awaitable<> watch();

    void set_listening(bool yes) { listening_ = yes; }
    void set_sinks(std::set<std::string> names) { sinks_ = std::move(names); }
    void set_sources(std::set<std::string> names) { sources_ = std::move(names); }
    // Why the last reload was refused; empty: it was not.
    void set_reload_failure(std::string why) { reload_failure_ = std::move(why); }

    readiness now() const;

    // How many more bytes fit in the spool.
    std::uint64_t spool_room() const noexcept { return spool_room_; }

private:
    struct concern {
        concern(const char* of, std::string text) : kind(of), why(std::move(text)) {}

        const char* kind;
        std::string why;
    };

    awaitable<> look();
    void judge(const store_counts& counts);
    void judge(const std::vector<open_submission>& submissions);

    store& tasks_;
    spool& videos_;
    blocking_pool& disk_;
    const source_apis& apis_;
    const certificates& certificates_;
    const clock& time_;
    bool listening_ = false;
    std::set<std::string> sinks_;
    std::set<std::string> sources_;
    std::string reload_failure_;
    std::string spool_failure_;
    std::uint64_t spool_room_ = 0;
    std::vector<concern> blocked_;
    std::string lost_submissions_;
};

} // namespace seedhook
