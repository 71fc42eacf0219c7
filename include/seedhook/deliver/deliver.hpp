// The handler of delivery jobs: hands a settled task, with its video, to one sink.
#pragma once

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/sinks/sink.hpp"
#include "seedhook/work/worker.hpp"

#include <memory>

namespace seedhook {

// `videos`, which is looked into on the threads of `looks`, and `looks` must outlive the handler. A video that is
// missing from the spool is `again`: `redeliver` fetches it anew.
std::shared_ptr<handler> make_delivery_handler(std::shared_ptr<sink> to, const spool& videos, blocking_pool& looks);

} // namespace seedhook
