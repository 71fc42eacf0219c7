// A sign of life from the store.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/store/store.hpp"

#include <functional>

namespace seedhook {

// Calls `answer` once a commit of nothing has passed through the queue, the writer's thread and the database; it writes
// nothing. A store that is being mended answers by its refusal; a full queue says nothing of the writer, and is asked
// again. `closing`: the store closes or has been closed, and is asked no more. Both must live until the end.
awaitable<> ask_store(store& tasks, const bool& closing, std::function<void()> answer);

} // namespace seedhook
