// Tasks in tables. Everything goes through text_table, which makes it harmless to a terminal.
#include "cli/task_text.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"
#include "seedhook/model/text.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <sstream>
#include <string_view>

namespace seedhook::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t short_hash = 12;

// `2026-11-22T10:00:00.000Z`, the only form that the control API has.
std::optional<time_point> parse_time(std::string_view text) {
    const auto number = [&](std::size_t at, std::size_t length) -> std::optional<int> {
        int value = 0;
        const char* end = text.data() + at + length;
        const auto [stop, failed] = std::from_chars(text.data() + at, end, value);
        return failed == std::errc{} && stop == end && value >= 0 ? std::optional<int>(value) : std::nullopt;
    };
    if (text.size() != 24 || text[10] != 'T' || text[23] != 'Z') {
        return {};
    }
    const auto year = number(0, 4), month = number(5, 2), day = number(8, 2), hour = number(11, 2),
               minute = number(14, 2), second = number(17, 2), milli = number(20, 3);
    if (!year || !month || !day || !hour || !minute || !second || !milli) {
        return {};
    }
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) {
        return {};
    }
    return time_point(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + std::chrono::milliseconds(*milli);
}

// `12s 5m 3h 9d`, rounded down; a clock that is behind gives 0s.
std::string age(const std::optional<time_point>& since, time_point now) {
    if (!since) {
        return std::string(none);
    }
    const auto seconds =
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - *since).count());
    constexpr std::array<std::pair<std::int64_t, char>, 3> units{{{86400, 'd'}, {3600, 'h'}, {60, 'm'}}};
    for (const auto& [length, name] : units) {
        if (seconds >= length) {
            return std::to_string(seconds / length) + name;
        }
    }
    return std::to_string(seconds) + "s";
}

// To the second, for eyes.
std::string short_time(const json::object& in, std::string_view key) {
    const std::string text = text_of(in, key).value_or("");
    return parse_time(text) ? text.substr(0, 10) + " " + text.substr(11, 8) + "Z" : std::string(none);
}

void add(text_table& to, const std::string& name, const std::optional<std::string>& value) {
    if (value) {
        to.add_row({name, *value});
    }
}

std::optional<std::string> video_line(const json::object& task) {
    const json::object* video = object_of(task, "video");
    if (!video) {
        return {};
    }
    return size_cell(*video, "size") + ", sha256 " + cell(*video, "sha256") + ", " + cell(*video, "contentType");
}

std::optional<std::string> error_line(const json::object& task) {
    const json::object* error = object_of(task, "error");
    if (!error) {
        return {};
    }
    return cell(*error, "code") + ": " + cell(*error, "message");
}

std::optional<std::string> metadata_line(const json::object& task) {
    const json::object* metadata = object_of(task, "metadata");
    return metadata && !metadata->empty() ? std::optional<std::string>(json::serialize(*metadata)) : std::nullopt;
}

std::string head_of(const json::object& task) {
    text_table t({});
    t.add_row({"request", cell(task, "requestId")});
    t.add_row({"source", cell(task, "source")});
    const auto by = text_of(task, "settledBy");
    t.add_row({"status", cell(task, "status") + (by ? " (settled by " + *by + ")" : "")});
    t.add_row({"stage", cell(task, "stage")});
    add(t, "model", text_of(task, "model"));
    add(t, "metadata", metadata_line(task));
    t.add_row({"created", short_time(task, "createdAt")});
    t.add_row({"settled", short_time(task, "settledAt")});
    add(t, "video", video_line(task));
    if (text_of(task, "fetchedBytes")) {
        t.add_row({"fetched", size_cell(task, "fetchedBytes") + " so far"});
    }
    add(t, "url", text_of(task, "videoUrl"));
    add(t, "error", error_line(task));
    return t.to_string();
}

// The elements of a list that are objects, as rows of one table under a title; nothing when there are none.
template <class Row>
std::string listed(const json::object& task, std::string_view key, const std::string& title,
                   std::vector<std::string> heads, Row row) {
    const json::array* all = array_of(task, key);
    if (!all || all->empty()) {
        return {};
    }
    text_table t(std::move(heads));
    for (const json::value& one : *all) {
        if (const json::object* object = one.if_object()) {
            t.add_row(row(*object));
        }
    }
    return "\n" + title + "\n" + t.to_string();
}

// What commands wrote in the last attempts: it follows the note's first line.
std::string outputs(const json::object& task) {
    std::string out;
    const json::array* all = array_of(task, "deliveries");
    for (const json::value& one : all ? *all : json::array()) {
        const json::object* delivery = one.if_object();
        std::string note = delivery ? cell(*delivery, "note") : std::string();
        if (note.find('\n') == std::string::npos) {
            continue;
        }
        out += "\nOutput of " + printable(cell(*delivery, "sink")) + "\n";
        std::istringstream lines(note.substr(note.find('\n') + 1));
        for (std::string line; std::getline(lines, line);) {
            out += "  " + printable(line) + "\n";
        }
    }
    return out;
}

// When it is done there is nothing due.
std::string due_cell(const json::object& job) {
    const std::string state = cell(job, "state");
    return state == "done" || state == "rejected" ? std::string(none) : short_time(job, "dueAt");
}

} // namespace

std::string tasks_table(const json::array& tasks, time_point now) {
    text_table t({"REQUEST ID", "SOURCE", "STATUS", "STAGE", "SIZE", "SHA256", "AGE", "SETTLED"});
    for (const json::value& one : tasks) {
        const json::object* task = one.if_object();
        if (!task) {
            continue;
        }
        const json::object no_video;
        const json::object* video = object_of(*task, "video");
        t.add_row({cell(*task, "requestId"), cell(*task, "source"), cell(*task, "status"), cell(*task, "stage"),
                   size_cell(video ? *video : no_video, "size"),
                   cell(video ? *video : no_video, "sha256").substr(0, short_hash),
                   age(parse_time(text_of(*task, "createdAt").value_or("")), now), short_time(*task, "settledAt")});
    }
    return t.to_string();
}

std::string task_details(const json::object& task) {
    std::string out = head_of(task);
    out += listed(task, "deliveries", "Deliveries", {"SINK", "STATE", "ATTEMPTS", "DUE", "UPDATED", "NOTE"},
                  [](const json::object& d) -> std::vector<std::string> {
                      return {cell(d, "sink"), cell(d, "state"),           cell(d, "attempts"),
                              due_cell(d),     short_time(d, "updatedAt"), first_line(d, "note")};
                  });
    out += listed(task, "jobs", "Jobs", {"KIND", "STATE", "ATTEMPTS", "DUE", "NOTE"},
                  [](const json::object& j) -> std::vector<std::string> {
                      return {cell(j, "kind"), cell(j, "state"), cell(j, "attempts"), due_cell(j), cell(j, "note")};
                  });
    out += listed(task, "events", "Events", {"AT", "KIND", "DETAIL"},
                  [](const json::object& e) -> std::vector<std::string> {
                      return {short_time(e, "at"), cell(e, "kind"), first_line(e, "detail")};
                  });
    return out + outputs(task);
}

} // namespace seedhook::cli
