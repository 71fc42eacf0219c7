// From a sink's configuration to the sink, with all it needs to live: clients, and threads of its own.
#pragma once

#include "daemon/outbound.hpp"

#include "seedhook/config/config.hpp"
#include "seedhook/sinks/sink.hpp"

#include <filesystem>
#include <memory>

namespace seedhook {

// What sinks are made with.
struct sink_context {
    asio::any_io_executor executor;
    const outbound_clients& outgoing; // used while building
    std::filesystem::path spool;
};

// errc::invalid and others when the settings cannot be.
result<std::shared_ptr<sink>> make_sink(const config::sink& settings, const sink_context& with);

} // namespace seedhook
