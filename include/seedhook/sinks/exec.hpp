// The sink that runs a command for each delivery (SPEC §6).
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/sinks/sink.hpp"

#include <filesystem>
#include <memory>

namespace seedhook {

// `settings.exec` must be set. errc::invalid for a user or group that does not exist or that we may not become, and for
// texts that hold a NUL. The hooks' runners are this very program: its main() must begin with `is_hook_runner`. All
// exec sinks of a process are used on one thread, which lives as long as their runs; the process becomes a subreaper.
// `spool`: where the videos are, which a hook that runs as another user is let into as far as it needs; empty: it is
// not.
result<std::shared_ptr<sink>> make_exec_sink(const config::sink& settings, std::filesystem::path spool = {});

// True when this process was started by an exec sink, to watch over one run of its command.
bool is_hook_runner(int argc, char** argv) noexcept;

// That process's whole life; to be called before it has any other thread. Returns its exit code.
int run_hook();

} // namespace seedhook
