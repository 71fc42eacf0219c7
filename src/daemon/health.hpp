// Whether we are ready, and what a person should mend: looked at now and then, so that asking costs nothing.
#pragma once

#include "daemon/certificates.hpp"
#include "daemon/source_apis.hpp"

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/control/control.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/store/store.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace seedhook {

class health {
public:
    // `room_again` is called when the spool can take videos again.
    health(store& tasks, spool& videos, blocking_pool& disk, const source_apis& apis, const certificates& shown,
           const clock& time, std::function<void()> room_again)
        : tasks_(tasks), videos_(videos), disk_(disk), apis_(apis), certificates_(shown), time_(time),
          room_again_(std::move(room_again)) {}

    // Looks every few seconds until cancelled.
    awaitable<> watch();

    void set_listening(bool yes) { listening_ = yes; }
    void set_sinks(std::set<std::string> names) { sinks_ = std::move(names); }
    void set_sources(std::set<std::string> names) { sources_ = std::move(names); }
    // Why the last reload was refused; empty: it was not.
    void set_reload_failure(std::string why) { reload_failure_ = std::move(why); }

    readiness now() const;

    // True while the spool can take no video at all, as last looked at.
    bool fetching_waits() const { return !spool_failure_.empty() || !no_room_.empty(); }

    // How many more bytes fit in the spool.
    std::uint64_t spool_room() const noexcept { return spool_room_; }

private:
    struct concern {
        concern(const char* of, std::string text) : kind(of), why(std::move(text)) {}

        const char* kind;
        std::string why;
    };

    awaitable<> look();
    awaitable<> look_at_spool();
    void judge(const store_counts& counts);
    void judge(const std::vector<open_submission>& submissions);

    store& tasks_;
    spool& videos_;
    blocking_pool& disk_;
    const source_apis& apis_;
    const certificates& certificates_;
    const clock& time_;
    const std::function<void()> room_again_;
    bool listening_ = false;
    std::set<std::string> sinks_;
    std::set<std::string> sources_;
    std::string reload_failure_;
    std::string spool_failure_; // it cannot be written to
    std::string no_room_;       // it is full
    std::uint64_t spool_room_ = 0;
    std::vector<concern> blocked_;
    std::string lost_submissions_;
};

} // namespace seedhook
