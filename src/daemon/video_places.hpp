// Where a task's video may still be read: the spool, and the folders of directory sinks that have it.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/control/control.hpp"
#include "seedhook/fetch/spool.hpp"

#include <vector>

namespace seedhook {

// `sinks`: the configured ones. Only what a sink was told to write, and not since, is named. Pure but for the spool's
// naming.
std::vector<video_place> video_places(const task_detail& of, const spool& videos,
                                      const std::vector<config::sink>& sinks);

} // namespace seedhook
