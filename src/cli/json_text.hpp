// What the control API's JSON holds, as text: what is missing, empty or of another type is nothing, never a fault,
// since the daemon may be newer than the command.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::cli {

inline constexpr std::string_view none = "-"; // in place of what is not there

const boost::json::object* object_of(const boost::json::object& in, std::string_view key);
const boost::json::array* array_of(const boost::json::object& in, std::string_view key);

// Texts and numbers.
std::optional<std::string> text_of(const boost::json::object& in, std::string_view key);
std::string cell(const boost::json::object& in, std::string_view key);

// The same up to the end of the first line.
std::string first_line(const boost::json::object& in, std::string_view key);

// A number as people write it: `0.05`, `15`.
std::string number_text(const boost::json::value& number);

// `1.5 MiB`; `-` where there is no size.
std::string size_cell(const boost::json::object& in, std::string_view key);

} // namespace seedhook::cli
