// When to ask about a task whose callback has not come: learnt from when tasks settle and how many callbacks never
// come, or at fixed times. docs/polling.md tells the whole of it.
#pragma once

#include "seedhook/model/settlement.hpp"
#include "seedhook/model/task.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook {

struct asking {
    std::optional<duration> first_after; // nothing: `auto`
    duration max_interval{std::chrono::minutes(5)};
};

// By source. What is learnt of a source is kept for as long as it stands here.
using asking_by_source = std::map<std::string, asking, std::less<>>;

// No I/O, no waiting, and bounded memory whatever models tasks name. Any thread. A clock that jumps spoils nothing: a
// task submitted in the future counts as submitted now, and what takes less than no time or over a week is not learnt.
class planner {
public:
    virtual ~planner() = default;

    // When to ask first about a task submitted then. Not before `now`. Of one whose callback goes elsewhere nothing is
    // heard but what is asked.
    virtual time_point first_ask(std::string_view source, std::string_view model, time_point submitted_at,
                                 time_point now, callbacks where = callbacks::here) const = 0;

    // When to ask next about one that an answer at `now`, the `asks`-th, found unfinished. After `now`. `jitter` in
    // [0, 1) keeps asks apart that were together.
    virtual time_point next_ask(std::string_view source, std::string_view model, time_point submitted_at,
                                time_point now, std::uint32_t asks, double jitter,
                                callbacks where = callbacks::here) const = 0;

    // Of a source that is not configured nothing is learnt.
    virtual void learn(const settlement& seen) = 0;

    // Replaces the settings, as after a reload.
    virtual void configure(asking_by_source sources) = 0;

    // All that was learnt, as text of a few kilobytes a model; and back. False for text that no `save` of this version
    // wrote: what is known then stays as it is.
    virtual std::string save() const = 0;
    virtual bool restore(std::string_view text) = 0;
};

std::unique_ptr<planner> make_planner(asking_by_source sources);

} // namespace seedhook
