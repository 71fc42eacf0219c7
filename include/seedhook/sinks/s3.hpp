// The sink that puts videos into a bucket of a service that speaks S3 (SPEC §6, docs/s3.md).
#pragma once

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"
#include "seedhook/sinks/sink.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace seedhook {

// What it works with; the references must outlive the sink.
struct s3_context {
    http::client& service;  // with s3_client_settings
    http::client& metadata; // with s3_metadata_client_settings, and no proxy
    blocking_pool& disk;
    const clock& time;
    std::filesystem::path records; // a folder of the sink's own for uploads under way; made when it is missing
    std::function<std::optional<std::string>(const std::string& name)> environment; // empty: the process's own
};

// For `connections` requests at a time.
http::client_settings s3_client_settings(std::size_t connections);
// For the services that hand credentials to containers and instances.
http::client_settings s3_metadata_client_settings();

// `settings.s3` must be set. errc::invalid when the settings contradict each other.
result<std::shared_ptr<sink>> make_s3_sink(const config::sink& settings, s3_context with);

} // namespace seedhook
