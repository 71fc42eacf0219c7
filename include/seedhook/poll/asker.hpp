// Asks a source's API about tasks, one call after the other as the source's budget and its API allow.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/metrics/metrics.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"
#include "seedhook/poll/source_gate.hpp"
#include "seedhook/seedance/api.hpp"
#include "seedhook/store/store.hpp"

#include <memory>
#include <string>

namespace seedhook {

// On one thread.
class asker {
public:
    virtual ~asker() = default;

    // Waits for its turn, which may take minutes while the API wants to be left alone, and asks. Cancellation of any
    // kind ends the waiting, terminal cancellation the call, with kind::cancelled.
    virtual awaitable<seedance::api_result<seedance::api_report>> ask(std::string request_id) = 0;

    // When the next call may go out.
    virtual duration next_turn() const = 0;
};

// How a source is asked, for as long as it is configured: a reload must not give it a second budget, and those who wait
// for a turn meanwhile must not ask with the key of before.
struct source_access {
    source_gate gate;
    std::shared_ptr<seedance::api> api; // never null; each call takes the present one
    unsigned changes = 0;               // of the API's address or key
};

// `counts` outlives it.
std::shared_ptr<asker> make_asker(std::string source, std::shared_ptr<source_access> by, metrics& counts);

// The present URL of the video of a task that succeeded; kept with the task when it is another than the one we had.
// errc::not_found when upstream has none (any more), errc::cancelled when told to stop, else what made asking fail.
awaitable<result<std::string>> ask_for_url(std::shared_ptr<asker> upstream, store& tasks, task of, const clock& time);

} // namespace seedhook
