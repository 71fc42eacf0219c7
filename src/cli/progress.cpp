// See progress.hpp.
#include "cli/progress.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>

namespace seedhook::cli {
namespace {

namespace json = boost::json;

// `processing`, `succeeded, fetching`
std::string state_of(const json::object& task) {
    const std::string stage = cell(task, "stage");
    return printable(cell(task, "status")) + (stage == "waiting" ? "" : ", " + printable(stage));
}

// `12s`, `1m 05s`, `2h 00m`
std::string elapsed_text(duration elapsed) {
    const auto seconds = std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(elapsed).count());
    const auto two_digits = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (seconds < 60) {
        return std::to_string(seconds) + "s";
    }
    return seconds < 3600 ? std::to_string(seconds / 60) + "m " + two_digits(seconds % 60) + "s"
                          : std::to_string(seconds / 3600) + "h " + two_digits(seconds / 60 % 60) + "m";
}

} // namespace

void progress::show(const json::object& task, duration elapsed) {
    const std::string state = state_of(task);
    if (terminal_) {
        const bool fetching = cell(task, "stage") == "fetching" && text_of(task, "fetchedBytes");
        to_ << "\r\x1b[K" << state << (fetching ? " " + size_cell(task, "fetchedBytes") : "") << ", "
            << elapsed_text(elapsed) << std::flush;
    } else if (state != last_) {
        to_ << state << " after " << elapsed_text(elapsed) << std::endl;
    }
    last_ = state;
}

void progress::end() {
    if (terminal_ && !last_.empty()) {
        to_ << std::endl;
    }
    last_.clear();
}

std::string places(const json::object& task) {
    const json::array* all = array_of(task, "deliveries");
    text_table t({});
    for (const json::value& one : all ? *all : json::array()) {
        if (const json::object* delivery = one.if_object()) {
            const std::string state = cell(*delivery, "state");
            const std::string note = first_line(*delivery, "note");
            t.add_row({cell(*delivery, "sink"), state == "done" ? note : state + ": " + note});
        }
    }
    return t.to_string();
}

bool ended_well(const json::object& task) {
    return cell(task, "stage") == "done" && cell(task, "status") == "succeeded";
}

std::string why_not(const json::object& task) {
    const std::string id = printable(cell(task, "requestId"));
    std::string text = "seedhook: " + id;
    if (cell(task, "stage") == "stuck") {
        text += " is stuck; `seedhook show " + id + "` tells why, and `seedhook redeliver " + id +
                "` tries again once that is mended";
    } else {
        text += ": " + printable(cell(task, "status"));
    }
    if (const json::object* error = object_of(task, "error")) {
        text += " (" + printable(cell(*error, "code")) + ": " + printable(cell(*error, "message")) + ")";
    }
    return text + "\n";
}

} // namespace seedhook::cli
