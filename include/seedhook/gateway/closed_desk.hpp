// The desk of a daemon that knows no upstream.
#pragma once

#include "seedhook/gateway/front_desk.hpp"

#include <memory>

namespace seedhook {

// Answers everything with 503.
std::unique_ptr<front_desk> make_closed_desk();

} // namespace seedhook
