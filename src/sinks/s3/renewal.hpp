// Credentials that run out: kept, renewed in time, fetched once for all who ask.
#pragma once

#include "seedhook/model/time.hpp"
#include "sinks/s3/credential_source.hpp"
#include "sinks/s3/metadata.hpp"

#include <memory>

namespace seedhook::s3 {

// See credential_source::get. `time` must outlive it.
std::unique_ptr<credential_source> make_renewed_source(std::unique_ptr<metadata_service> from, const clock& time);

} // namespace seedhook::s3
