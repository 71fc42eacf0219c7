// Names of statuses and stages, and what a requestId may be.
#include "seedhook/model/task.hpp"

#include <algorithm>
#include <array>

namespace seedhook {
namespace {

using namespace std::string_view_literals;

// In the order of the enumerations.
constexpr std::array status_names{"queued"sv, "processing"sv, "succeeded"sv, "failed"sv, "cancelled"sv, "expired"sv};
constexpr std::array stage_names{"waiting"sv, "fetching"sv, "delivering"sv, "done"sv, "stuck"sv};

template <class Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<Enum>(found - names.begin());
}

bool is_id_character(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("._~:-").find(c) != std::string_view::npos;
}

} // namespace

std::string_view to_string(task_status status) noexcept { return status_names[static_cast<std::size_t>(status)]; }

std::string_view to_string(task_stage stage) noexcept { return stage_names[static_cast<std::size_t>(stage)]; }

std::optional<task_status> parse_task_status(std::string_view text) noexcept {
    return find_name<task_status>(status_names, text);
}

std::optional<task_stage> parse_task_stage(std::string_view text) noexcept {
    return find_name<task_stage>(stage_names, text);
}

bool is_terminal(task_status status) noexcept {
    return status == task_status::succeeded || status == task_status::failed || status == task_status::cancelled;
}

bool valid_request_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 128 && id.front() != '.' && id.front() != '-' &&
           std::all_of(id.begin(), id.end(), is_id_character);
}

} // namespace seedhook
