// The options that can be turned while the sandbox runs: one table for the command line and for /sandbox/behaviour.
#pragma once

#include "sandbox/options.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace seedhook::sandbox {

inline constexpr std::int64_t longest_time = 86'400'000; // milliseconds
inline constexpr unsigned largest_count = 1'000'000;

// Shares lie from 0 to 1; durations are whole milliseconds up to longest_time, counts go up to largest_count.
using knob_place = std::variant<double options::*, duration options::*, unsigned options::*, bool options::*,
                                std::optional<std::uint64_t> options::*, std::vector<std::string> options::*>;

struct knob {
    const char* name; // of the flag without its dashes, and of the JSON member
    knob_place place;
    const char* group; // in --help
    const char* what;
};

std::span<const knob> knobs() noexcept;

// What is wrong with values that are right each by itself.
result<void> check_together(const options& o);

// All knobs as a JSON object: shares and counts as numbers, what is not limited as null.
std::string knobs_document(const options& o);

// Turns the knobs that the JSON object `body` names and says which. errc::invalid, and nothing turned, when one name or
// value is wrong.
result<std::vector<std::string>> turn_knobs(options& o, std::string_view body);

} // namespace seedhook::sandbox
