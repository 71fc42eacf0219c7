// Upstream's models as a table for people.
#pragma once

#include <boost/json/array.hpp>

#include <string>

namespace seedhook::cli {

// One line a model; what is missing or of another type shows as `-`.
std::string models_table(const boost::json::array& models);

} // namespace seedhook::cli
