// A configured destination for finished tasks. No retry, no sleep, no store inside: a sink makes one attempt and
// classifies what came of it; the worker decides what follows.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/model/job.hpp"
#include "seedhook/model/task.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook {

// One task handed to one sink.
struct delivery {
    std::string id; // the same for every attempt
    std::string sink;
    std::uint32_t attempt = 1;
    task of;
    std::optional<std::filesystem::path> video; // the whole file in the spool; none unless succeeded
};

// Follows from the task and the sink alone, so that a repeated delivery bears the same id: `dlv_` and 32 hex digits.
std::string delivery_id(std::string_view source, std::string_view request_id, std::string_view sink);

// The delivery document as JSON, ending in a newline. `path`: the video's, as this sink's receiver would open it; none
// where it cannot (`null`).
std::string delivery_document(const delivery& what, const std::optional<std::filesystem::path>& path);

// Called on one thread; several deliveries may be under way at once. `what` lives until the call returns.
class sink {
public:
    virtual ~sink() = default;

    virtual std::string_view name() const noexcept = 0;

    // One attempt. Doing it again with the same delivery does no harm and leaves one result. Cancelled: `interrupted`,
    // with nothing half-made visible.
    virtual awaitable<outcome> deliver(const delivery& what) = 0;

    // Tries what a delivery would need, leaving nothing behind; for `doctor`.
    virtual awaitable<outcome> probe() = 0;

    // Removes what attempts have left that nobody goes on with. Called at start and then every hour, also while
    // deliveries are under way.
    virtual awaitable<> tidy() { co_return; }
};

} // namespace seedhook
