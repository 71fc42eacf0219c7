// Whether we are ready, and what a person should mend: looked at now and then, so that asking costs nothing.
#pragma once

#include "daemon/certificates.hpp"
#include "daemon/source_apis.hpp"

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/control/control.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/store/store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace seedhook {

// When the store has committed last. Any thread.
using commit_mark = std::atomic<std::chrono::steady_clock::time_point>;

class health {
public:
    // `room_again` is called when the spool can take videos again.
    health(store& tasks, const commit_mark& last_commit, spool& videos, const source_apis& apis,
           const certificates& shown, const clock& time, std::function<void()> room_again)
        : tasks_(tasks), last_commit_(last_commit), videos_(videos), apis_(apis), certificates_(shown), time_(time),
          room_again_(std::move(room_again)) {}

    // Each looks every few seconds until cancelled. They are apart, as a disk may keep one of them waiting for ever.
    awaitable<> watch();
    awaitable<> watch_spool();
    // Asks a store that has not committed lately for a sign of life. `closing` as for ask_store.
    awaitable<> watch_store(const bool& closing);

    void set_listening(bool yes) { listening_ = yes; }
    void set_sinks(std::set<std::string> names) { sinks_ = std::move(names); }
    // By name: has it an API?
    void set_sources(std::map<std::string, bool> sources) { sources_ = std::move(sources); }
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

    using steady_time = std::chrono::steady_clock::time_point;

    static steady_time steady_now() noexcept { return std::chrono::steady_clock::now(); }
    bool store_stands_still() const;
    bool spool_stands_still() const;
    awaitable<> look();
    awaitable<> look_at_spool();
    void judge(const store_counts& counts);
    void judge_polls(const job_count& lane);
    void judge(const std::vector<open_submission>& submissions);

    store& tasks_;
    const commit_mark& last_commit_;
    spool& videos_;
    blocking_pool disk_{1}; // its own: what others have the spool's disk do must not look like one that stands still
    const source_apis& apis_;
    const certificates& certificates_;
    const clock& time_;
    const std::function<void()> room_again_;
    bool listening_ = false;
    std::set<std::string> sinks_;
    std::map<std::string, bool> sources_;
    std::string reload_failure_;
    std::optional<steady_time> store_asked_; // and has not answered yet
    std::optional<steady_time> spool_asked_; // likewise
    std::string spool_failure_;              // it cannot be written to
    std::string no_room_;                    // it is full
    std::uint64_t spool_room_ = 0;
    std::vector<concern> blocked_;
    std::string lost_submissions_;
};

} // namespace seedhook
