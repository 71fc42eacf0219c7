// The sink that puts videos into a local directory (SPEC §6).
#pragma once

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/sinks/sink.hpp"

#include <memory>

namespace seedhook {

// `settings.directory` must be set. errc::invalid for an owner or group that does not exist. `disk` must outlive the
// sink.
result<std::shared_ptr<sink>> make_directory_sink(const config::sink& settings, blocking_pool& disk);

} // namespace seedhook
