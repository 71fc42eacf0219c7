// What every sink must do, as a suite that each of them runs: see docs/adding-a-sink.md.
#pragma once

#include "seedhook/sinks/sink.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::test {

// One result of deliveries, as whoever stands behind the sink finds it.
struct arrival {
    std::optional<std::string> video_sha256; // of the bytes that are there, read anew
    std::optional<std::string> document;
};

// A sink with a destination of its own, empty at first. It must be configured so that documents arrive too, if it can
// be, and lives as long as the io_context that a test runs it on.
class sink_under_test {
public:
    virtual ~sink_under_test() = default;

    virtual sink& get() = 0;

    // All that has arrived; what is not whole counts too if it can be seen.
    virtual std::vector<arrival> arrivals() = 0;

    // It hands over the document alone, in one message: a video need not be there, and a delivery that was stopped may
    // have arrived all the same. The document's word on the video then counts as the video.
    virtual bool only_tells() const { return false; }

    // Takes away what every delivery needs, and gives it back.
    virtual void break_it() = 0;
    virtual void mend() = 0;
};

using sink_factory = std::function<std::unique_ptr<sink_under_test>()>;

// Adds the suite for one kind of sink, as `sink_contract_<name>/…`. Meant for a variable at namespace scope.
class sink_contract {
public:
    sink_contract(const std::string& name, sink_factory make);
};

} // namespace seedhook::test
