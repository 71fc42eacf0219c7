// The word that was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace seedhook::config {

// The one of `known` that `word` is a small misspelling of: a third of its letters wrong, missing, too many or swapped
// with their neighbour. Nothing when none is near.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

} // namespace seedhook::config
